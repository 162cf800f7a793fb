"""The keys of the parts of a plan, of which there may be a million, as `part_key` makes them."""

import hashlib
import json
from collections.abc import Iterator

import numpy as np

from transforms.documents import Source
from transforms.splits.file_columns import FileColumns

DIGEST_BYTES = 32
# Splits whose keys are computed at once.
_BLOCK = 65536


class PartDigests:
    """The keys of the parts of a file.

    Args:
        source: the file, with size and version.
        run_fingerprint: hash of model, configuration, transform and format version.
    """

    def __init__(self, source: Source, run_fingerprint: str) -> None:
        identity = [source.path, source.size, source.version, source.format, source.compression]
        text = json.dumps(identity, separators=(",", ":"))
        self._begun = hashlib.sha256(f"[{text},".encode())
        self._end = f",{json.dumps(run_fingerprint)}]"

    def digest(self, start: int, end: int) -> bytes:
        """Return the key of the part with a range, the 32 bytes of `part_key`'s hex digits."""
        digest = self._begun.copy()
        digest.update(f"{start},{end}{self._end}".encode())
        return digest.digest()


def digests_of(files: FileColumns, rows: np.ndarray, run_fingerprint: str) -> np.ndarray:
    """Return the keys of splits as if each were one part, uint8 [splits, 32].

    Args:
        files: of the splits.
        rows: `ROW` [splits].
        run_fingerprint: as of `PartDigests`.
    """
    digests = np.empty([len(rows), DIGEST_BYTES], np.uint8)
    for first in range(0, len(rows), _BLOCK):
        block = rows[first : first + _BLOCK]
        content = b"".join(_of_block(files, block, run_fingerprint))
        digests[first : first + len(block)] = np.frombuffer(content, np.uint8).reshape(
            -1, DIGEST_BYTES
        )
    return digests


def _of_block(files: FileColumns, rows: np.ndarray, run_fingerprint: str) -> Iterator[bytes]:
    numbers, places = np.unique(rows["file"], return_inverse=True)
    of_files = [PartDigests(source, run_fingerprint) for source in files.sources(numbers)]
    columns = (places, rows["start"], rows["end"])
    for place, start, end in zip(*(column.tolist() for column in columns), strict=True):
        yield of_files[place].digest(start, end)
