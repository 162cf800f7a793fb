"""Columns of bytes that may be text."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def decode_utf8(raw: pa.LargeBinaryArray) -> tuple[pa.LargeStringArray, np.ndarray]:
    """Decode bytes as UTF-8.

    Returns:
        the text, empty for values that are not UTF-8, and a bool array that marks valid values.
    """
    try:
        return raw.cast(pa.large_string()), np.ones(len(raw), bool)
    except pa.ArrowInvalid:
        valid = np.array([_is_utf8(value.as_buffer()) for value in raw], bool)
        kept = pc.if_else(pa.array(valid), raw, pa.scalar(b"", pa.large_binary()))
        return kept.cast(pa.large_string()), valid


def _is_utf8(value: pa.Buffer) -> bool:
    try:
        str(value, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
