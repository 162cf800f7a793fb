"""Columns of texts as JSON has them, and their concatenation, without a Python object for each."""

from json.encoder import encode_basestring_ascii as quoted

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts.packed_hashes import digest_rows
from pipeline.parts.packed_text import unpack_hash

# Bytes that a JSON string has as they are.
_IS_PLAIN = np.array([0x20 <= byte < 0x7F and byte not in b'"\\' for byte in range(256)])
_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)]).view("<u2")


def quote(texts: pa.StringArray) -> pa.StringArray:
    """Return texts as JSON strings, in ASCII."""
    _, ends, content = texts.buffers()
    ends = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    content = np.frombuffer(content or b"", np.uint8)[ends[0] : ends[-1]]
    if _IS_PLAIN[content].all():
        return glue('"', texts, '"')
    return pa.array(map(quoted, texts.to_pylist()), pa.string())


def unpack_hashes(packed: pa.BinaryArray) -> pa.StringArray:
    """Return the texts that `pack_hash` packed."""
    rows = digest_rows(packed)
    return (
        pa.array(map(unpack_hash, packed.to_pylist()), pa.string()) if rows is None else _hex(rows)
    )


def _hex(rows: np.ndarray) -> pa.StringArray:
    """Return the hex digits of bytes, uint8 [rows, bytes]."""
    digits = _HEX[rows]
    ends = np.arange(len(rows) + 1, dtype=np.int32) * (digits.shape[1] * digits.itemsize)
    return pa.StringArray.from_buffers(
        len(rows), pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(digits))
    )


def digits_of(numbers: np.ndarray) -> pa.StringArray:
    """Return whole numbers as text."""
    return pa.array(numbers).cast(pa.string())


def glue(*pieces: pa.StringArray | str) -> pa.StringArray:
    """Concatenate columns and constant texts row by row."""
    columns = [pa.scalar(piece) if isinstance(piece, str) else piece for piece in pieces]
    return pc.binary_join_element_wise(*columns, pa.scalar(""))


def whole_text(texts: pa.StringArray) -> str:
    """Return the concatenation of all texts."""
    _, ends, content = texts.buffers()
    ends = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return str((content or b"")[ends[0] : ends[-1]], "utf-8")
