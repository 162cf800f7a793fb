"""Columns of packed hashes as arrays; nearly all are hex digits of a SHA-256."""

import numpy as np
import pyarrow as pa

from pipeline.parts.packed_text import pack_digest
from transforms.splits.part_digests import DIGEST_BYTES

_HEAD = np.frombuffer(pack_digest(b""), np.uint8)
_SHORT = np.dtype("<i8")


def digest_rows(packed: pa.BinaryArray) -> np.ndarray | None:
    """Return the bytes of hashes, uint8 [hashes, 32]; None if one is another text.

    Args:
        packed: by `pack_hash`.
    """
    _, ends, content = packed.buffers()
    ends = np.frombuffer(ends, np.int32)[packed.offset : packed.offset + len(packed) + 1]
    length = len(_HEAD) + DIGEST_BYTES
    if not (np.diff(ends) == length).all():
        return None
    rows = np.frombuffer(content or b"", np.uint8)[ends[0] : ends[-1]].reshape(-1, length)
    return rows[:, len(_HEAD) :] if (rows[:, : len(_HEAD)] == _HEAD).all() else None


def short_hashes(packed: pa.BinaryArray) -> np.ndarray:
    """Return a hash of each packed hash, int64: its first bytes if it is one of SHA-256."""
    rows = digest_rows(packed)
    if rows is not None:
        short = np.ascontiguousarray(rows[:, : _SHORT.itemsize]).view(_SHORT)
        return short.reshape(-1).astype(np.int64)
    return np.fromiter(map(_short_hash, packed.to_pylist()), np.int64, len(packed))


def _short_hash(packed: bytes) -> int:
    head = _HEAD.tobytes()
    if packed.startswith(head) and len(packed) == len(head) + DIGEST_BYTES:
        return int.from_bytes(packed[len(head) :][: _SHORT.itemsize], "little", signed=True)
    return hash(packed)
