"""The last line of report.html: the sha256 of what precedes it, by which damage is found."""

import hashlib

from pipeline.output.layout import REPORT_FILE
from transforms.io import storage


def sealed(page: str) -> str:
    """Return a page with its last line."""
    return f"{page}\n{_seal(page.encode())}"


def is_whole(folder: str) -> bool:
    """Whether the report of a folder exists and is undamaged.

    Raises:
        OSError: it cannot be read.
    """
    content = storage.read_bytes(storage.join(folder, REPORT_FILE))
    if content is None:
        return False
    page, _, last = content.rpartition(b"\n")
    return last == _seal(page).encode()


def _seal(page: bytes) -> str:
    return f"<!-- sha256 of the above: {hashlib.sha256(page).hexdigest()} -->"
