"""Hold documents out for tests, by a hash of their ids."""

import hashlib
from collections.abc import Sequence

import numpy as np

TRAIN, TEST = SPLITS = ("train", "test")
_HASH_BYTES = 8
_HASHES = 1 << 8 * _HASH_BYTES


def is_test(ids: Sequence[bytes], share: float) -> np.ndarray:
    """Return which documents are of the test set; bool [ids].

    The first 8 bytes of the SHA-256 of an id, as a big-endian number, are below `share` * 2**64. So
    a document is of the same set in every run, order and corpus, and a larger share adds documents
    to the test set and removes none.

    Args:
        ids: in UTF-8.
        share: from 0 to 1.

    >>> is_test([b"a", b"b", b"c"], 0.25).tolist()
    [False, True, True]
    """
    digests = b"".join(hashlib.sha256(id_).digest()[:_HASH_BYTES] for id_ in ids)
    hashes, limit = np.frombuffer(digests, ">u8"), int(share * _HASHES)
    return np.full(len(ids), True) if limit == _HASHES else hashes < np.uint64(limit)
