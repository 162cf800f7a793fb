"""The keys of the parts of one file, of which there may be a million, as `part_key` makes them."""

import hashlib
import json

from transforms.documents import Source


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
