"""Tell format and compression of a file, by its name or by what it begins with."""

import io
import re

from transforms import tfrecord
from transforms.sources import base, decompressing
from transforms.sources.decompressing import DamagedError, open_compressed

_HEAD_BYTES = 4096
_FALLBACK = "text"
# A JSON object or array that goes on in the next line.
_JSON_OVER_LINES = re.compile(rb"\s*(\[|\{\s*\r?\n)")


def by_name(path: str) -> tuple[str | None, str]:
    """Tell format and compression from a file's name.

    Returns:
        `(format, compression)`; the format is None where the name has no known ending.

    >>> by_name("corpus/part-0.jsonl.gz")
    ('jsonl', 'gzip')
    >>> by_name("README")
    (None, 'none')
    """
    lowered = path.lower()
    compression = decompressing.NONE
    for ending, name in decompressing.ENDINGS.items():
        if lowered.endswith(ending):
            lowered, compression = lowered[: -len(ending)], name
            break
    for name in base.names():
        if lowered.endswith(base.find(name).extensions):
            return name, compression
    return None, compression


def by_content(head: bytes, compression: str) -> tuple[str, str]:
    """Tell format and compression from what a file begins with.

    Args:
        head: its first bytes, as stored.
        compression: what the name tells; `none` is looked into.

    >>> by_content(b'{"text": "a"}', "none"), by_content(b"a line", "none")
    (('jsonl', 'none'), ('text', 'none'))
    """
    if compression == decompressing.NONE:
        magic = decompressing.MAGIC.items()
        compression = next((name for sign, name in magic if head.startswith(sign)), compression)
    return _format_of(_uncompressed(head, compression)), compression


def _uncompressed(head: bytes, compression: str) -> bytes:
    try:
        return open_compressed(io.BytesIO(head), compression).read(_HEAD_BYTES)
    except DamagedError:
        return b""


def _format_of(head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if tfrecord.is_head(head):
        return "tfrecord"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "jsonl"
    return _FALLBACK


def encoding_of(head: bytes) -> str | None:
    """Tell the encoding that a byte order mark names, if it is not UTF-8."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    return "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else None


def is_json_over_lines(head: bytes) -> bool:
    """Whether a file holds one JSON value over several lines, and so no JSON Lines."""
    return bool(_JSON_OVER_LINES.match(head.removeprefix(b"\xef\xbb\xbf")))
