"""A hash of the documents of a part: all that its output depends on besides the job.

It does not depend on the version of Arrow, nor on where a batch is in memory.
"""

import hashlib
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import binary_offsets


class _Digest(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...


def hash_columns(batch: pa.RecordBatch) -> str:
    """Hash the columns of a batch, without its metadata; 64 hex digits.

    >>> text = pa.record_batch({"text": ["a", "bc", None]})
    >>> hash_columns(text) == hash_columns(pa.record_batch({"text": ["ab", "c", None]}))
    False
    >>> hash_columns(text.slice(1)) == hash_columns(pa.record_batch({"text": ["bc", None]}))
    True
    """
    digest = hashlib.sha256()
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        digest.update(f"{name!r}\n".encode())
        _feed(digest, column)
    return digest.hexdigest()


def _feed(digest: _Digest, values: pa.Array) -> None:
    """Hash the type, the length, the nulls and the values of an array, and of those within it."""
    digest.update(f"{values.type} {len(values)} {values.null_count}\n".encode())
    if values.null_count:
        digest.update(np.packbits(values.is_valid().to_numpy(zero_copy_only=False)).data)
        if not pa.types.is_nested(values.type):
            values = values.drop_null()
    kind = values.type
    if pa.types.is_dictionary(kind):
        _feed(digest, values.indices)
        _feed(digest, values.dictionary)
    elif pa.types.is_struct(kind):
        for child in values.flatten():
            _feed(digest, child)
    elif pa.types.is_map(kind):
        entries = pa.StructArray.from_arrays([values.keys, values.items], ["key", "value"])
        _feed(digest, pa.ListArray.from_arrays(values.offsets, entries))
    elif pa.types.is_nested(kind):
        _feed(digest, pc.list_value_length(values))
        _feed(digest, values.flatten())
    else:
        _feed_bytes(digest, values)


def _feed_bytes(digest: _Digest, values: pa.Array) -> None:
    """Hash values without nulls that contain no others."""
    kind = values.type
    if not len(values) or pa.types.is_null(kind):
        return
    if pa.types.is_boolean(kind):
        digest.update(np.packbits(values.to_numpy(zero_copy_only=False)).data)
    elif _is_variable(kind):
        values = values.cast(pa.large_binary())
        offsets = binary_offsets(values)
        digest.update(np.diff(offsets).data)
        digest.update(memoryview(values.buffers()[2])[offsets[0] : offsets[-1]])
    else:
        width = kind.bit_width // 8
        begin, end = (width * place for place in (values.offset, values.offset + len(values)))
        digest.update(memoryview(values.buffers()[1])[begin:end])


def _is_variable(kind: pa.DataType) -> bool:
    """Whether values have different numbers of bytes."""
    checks = (
        *(pa.types.is_string, pa.types.is_binary),
        *(pa.types.is_large_string, pa.types.is_large_binary),
    )
    return any(check(kind) for check in checks)
