"""Texts of which a tokenizer leaves nothing: white space, and characters that nobody sees."""

import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_SEEN = r"[^\s\p{Cc}\p{Cf}\p{Z}]"


def is_blank(text: str) -> bool:
    r"""Return whether a text has nothing but white space, controls and invisible characters.

    >>> is_blank(" \u200b\n"), is_blank(" a")
    (True, False)
    """
    return all(unicodedata.category(char) in _UNSEEN for char in text)


def are_blank(texts: pa.LargeStringArray) -> np.ndarray:
    """Return which texts are blank, bool [rows]; see `is_blank`."""
    is_seen = pc.match_substring_regex(texts, _SEEN)
    blank: np.ndarray = ~is_seen.to_numpy(zero_copy_only=False)
    return blank
