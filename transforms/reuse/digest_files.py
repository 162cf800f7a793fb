"""The digests of a part's embedded documents, in the order of its records.

A file has 16 bytes for each record, and a hash. Without it, or if it is damaged, nothing is taken
from the part; so no receipt names it.
"""

import hashlib

import numpy as np

from transforms.dedup.repeat_table import DIGEST
from transforms.receipts import Receipt, WrittenFile
from transforms.records.record_content import POOLED

FOLDER = "digests"
_ENDING = ".bin"
_HASH_BYTES = 32


def path_of(name: str) -> str:
    """Return the path, within an output folder, of the digests of the part with a name."""
    return f"{FOLDER}/{name}{_ENDING}"


def size(records: int) -> int:
    """Return the size of the file for a number of records, in bytes."""
    return DIGEST.itemsize * records + _HASH_BYTES


def vectors_file(receipt: Receipt) -> WrittenFile | None:
    """Return the file with the vectors of documents of a part; None if it has none."""
    return next((file for file in receipt.files if file.path.startswith(f"{POOLED}/")), None)


def serialize(digests: np.ndarray, sha256: str) -> bytes:
    """Serialize the digests of a part.

    Args:
        digests: DIGEST [records].
        sha256: of the file with their vectors, so that digests of another file are recognized.
    """
    content = digests.tobytes()
    return content + _hash(content, sha256)


def parse(content: bytes, sha256: str) -> np.ndarray:
    """Parse the result of `serialize`; DIGEST [records].

    Raises:
        ValueError: it is damaged, or belongs to another file.
    """
    digests, stored = content[:-_HASH_BYTES], content[-_HASH_BYTES:]
    if stored != _hash(digests, sha256) or len(digests) % DIGEST.itemsize:
        raise ValueError("these are not the digests of the file")
    return np.frombuffer(digests, DIGEST)


def _hash(content: bytes, sha256: str) -> bytes:
    return hashlib.sha256(content + bytes.fromhex(sha256)).digest()
