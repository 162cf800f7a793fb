"""What a tokenizer does to each character, as a table.

`measuring` fills the table with TensorFlow's own operations, so that a program without TensorFlow
treats every character as a job does, whatever version of Unicode its Python has.
"""

import dataclasses
import io
import itertools
import re
import unicodedata
import zipfile
from collections.abc import Mapping

import numpy as np

# The code points of a text; halves of surrogate pairs are none.
CODE_POINTS = 0x110000
_SIGMA, _FINAL_SIGMA = "\u03a3", "\u03c2"
# What decides whether a sigma is the last letter of a word.
_ACUTE = 0x301
CASED, IGNORED = 1, 2
# How a character separates words.
LETTER, SPACE, WORD = range(3)


@dataclasses.dataclass(frozen=True)
class CharacterTable:
    """What a tokenizer does to each character.

    Attributes:
        normalized: what each character becomes by itself; those that are missing stay the same.
        around_sigma: uint8 [code points], whether a character is cased, or is passed over, where
            a text is searched for letters around a capital sigma.
        separation: uint8 [code points], whether a normalized character is part of a word, white
            space, or a word by itself.
    """

    normalized: dict[int, str]
    around_sigma: np.ndarray
    separation: np.ndarray

    def normalize(self, text: str) -> str:
        """Clean a text, and fold case and accents."""
        if _SIGMA in text:
            text = self._with_final_sigmas(text)
        return _reordered(text, self.normalized).translate(self.normalized)

    def words(self) -> re.Pattern[str]:
        """Return the pattern that finds the words of a normalized text."""
        single = _class_of(self.separation == WORD)
        apart = single + _class_of(self.separation == SPACE)
        return re.compile(f"[{single}]|[^{apart}]+")

    def _with_final_sigmas(self, text: str) -> str:
        """Replace capital sigmas that end a word by the small letter for that place."""
        if self.normalized.get(ord(_SIGMA), _SIGMA) == _SIGMA:
            return text
        codes = np.frombuffer(text.encode("utf-32-le"), "<u4")
        is_final = (codes == ord(_SIGMA)) & _end_words(self.around_sigma[codes])
        replaced = np.where(is_final, np.uint32(ord(_FINAL_SIGMA)), codes)
        return replaced.astype("<u4").tobytes().decode("utf-32-le")

    def to_bytes(self) -> bytes:
        """Return the table as the content of a file; equal tables have equal bytes."""
        codes = sorted(self.normalized)
        changed = "\0".join(self.normalized[code] for code in codes).encode()
        arrays: dict[str, np.ndarray] = {
            "codes": np.array(codes, np.uint32),
            "changed": np.frombuffer(changed, np.uint8),
            "around_sigma": _to_runs(self.around_sigma),
            "separation": _to_runs(self.separation),
        }
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                packed = io.BytesIO()
                np.save(packed, array, allow_pickle=False)
                # Without the time of day, which `np.savez` writes.
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), packed.getvalue())
        return content.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "CharacterTable":
        """Read the content of a file.

        Raises:
            ValueError: it is damaged.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                codes = arrays["codes"].tolist()
                changed = arrays["changed"].tobytes().decode().split("\0") if codes else []
                return cls(
                    dict(zip(codes, changed, strict=True)),
                    _from_runs(arrays["around_sigma"]),
                    _from_runs(arrays["separation"]),
                )
        except (KeyError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"it is not a table of characters: {error}") from error


def _end_words(kinds: np.ndarray) -> np.ndarray:
    """Return which characters have a cased one before them and none after; bool [characters].

    Args:
        kinds: uint8 [characters], as in `around_sigma`; ignored characters are passed over.
    """
    count = len(kinds)
    places, counts = np.arange(count), kinds != IGNORED
    nearest_before = np.maximum.accumulate(np.where(counts, places, -1))
    nearest_after = np.minimum.accumulate(np.where(counts, places, count)[::-1])[::-1]
    # The last value is that of the places -1 and `count`, before the text and after it.
    is_cased = np.append(kinds == CASED, False)
    before = is_cased[np.concatenate([[-1], nearest_before[:-1]])]
    after = is_cased[np.concatenate([nearest_after[1:], [count]])]
    ends: np.ndarray = before & ~after
    return ends


def _reordered(text: str, normalized: Mapping[int, str]) -> str:
    """Put marks that follow each other in canonical order, as decomposing a text does.

    Accents are dropped later, so that the order matters only for other marks of several classes.
    """
    if text.isascii() or normalized.get(_ACUTE) != "":
        return text
    if len({unicodedata.combining(c) for c in text if normalized.get(ord(c)) != ""} - {0}) < 2:
        return text
    ordered: list[str] = []
    without_dropped = [c for c in text if normalized.get(ord(c)) != "" or _is_accent(c)]
    for is_mark, run in itertools.groupby(without_dropped, lambda c: unicodedata.combining(c) > 0):
        ordered += sorted(run, key=lambda c: unicodedata.combining(c) if is_mark else 0)
    return "".join(ordered)


def _is_accent(c: str) -> bool:
    return unicodedata.category(c) == "Mn"


def _class_of(chosen: np.ndarray) -> str:
    """Return the inside of a character class of a regular expression."""
    bounds = np.flatnonzero(np.diff(chosen.astype(np.int8), prepend=0, append=0))
    pairs = zip(bounds[::2].tolist(), (bounds[1::2] - 1).tolist(), strict=True)
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in pairs)


def _to_runs(values: np.ndarray) -> np.ndarray:
    """Return uint32 [runs, 2]: where a run of equal values begins, and its value."""
    begins = np.flatnonzero(np.diff(values.astype(np.int64), prepend=-1))
    return np.stack([begins, values[begins]], axis=1).astype(np.uint32)


def _from_runs(runs: np.ndarray) -> np.ndarray:
    begins = runs[:, 0].astype(np.int64)
    return np.repeat(runs[:, 1].astype(np.uint8), np.diff(begins, append=CODE_POINTS))
