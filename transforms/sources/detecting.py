"""Tell format and compression of a file, by its name or by what it begins with."""

import codecs
import csv
import io
import re

from transforms.io import decompressing, tfrecord_framing
from transforms.io.decompressing import DamagedError, open_compressed
from transforms.io.transcoding import UTF8
from transforms.sources import base

# So much of a file's beginning is looked at.
HEAD_BYTES = 4096
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


def by_content(
    head: bytes, compression: str, encoding: str = UTF8, column: str | None = None
) -> tuple[str | None, str]:
    r"""Tell format and compression from what a file begins with.

    Args:
        head: its first bytes, as stored.
        compression: what the name tells; `none` is looked into.
        encoding: of its text, if it is text.
        column: the field that makes a first line of several the header of a table; None of lines.

    Returns:
        `(format, compression)`; the format is None of what has a NUL, as no text has, and is no
        other format either.

    >>> by_content(b'{"text": "a"}', "none"), by_content(b"a line", "none")
    (('jsonl', 'none'), ('text', 'none'))
    >>> by_content(b"id,text", "none", column="text"), by_content(b"GIF\0", "none")
    (('csv', 'none'), (None, 'none'))
    """
    if compression == decompressing.NONE:
        magic = decompressing.MAGIC.items()
        compression = next((name for sign, name in magic if head.startswith(sign)), compression)
    head = uncompressed(head, compression)
    return by_magic(head) or _format_of_text(head, encoding, column), compression


def uncompressed(head: bytes, compression: str) -> bytes:
    """Uncompress the first bytes of a file, as far as they go; nothing of damaged ones."""
    try:
        return open_compressed(io.BytesIO(head), compression).read(HEAD_BYTES)
    except DamagedError:
        return b""


def by_magic(head: bytes) -> str | None:
    """Tell the format of what is no text, by its uncompressed first bytes; else None."""
    if head.startswith(b"PAR1"):
        return "parquet"
    return "tfrecord" if tfrecord_framing.is_head(head) else None


def _format_of_text(head: bytes, encoding: str, column: str | None) -> str | None:
    if encoding == UTF8 and encoding_of(head):
        # It is text that cannot be read so, which is told when it is cut.
        return _FALLBACK
    text = _decoded(head, encoding).removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        return "jsonl"
    if "\0" in text:
        return None
    return _with_header(text, column) or _FALLBACK


def _decoded(head: bytes, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)("replace").decode(head)
    except UnicodeError:
        return ""


def _with_header(text: str, column: str | None) -> str | None:
    """Tell the format whose delimiter makes the first line a header that has a column."""
    line = text.partition("\n")[0].rstrip("\r")
    for name in base.names():
        delimiter = getattr(base.find(name), "delimiter", None)
        header = next(csv.reader([line], delimiter=delimiter), []) if delimiter else []
        # Names as programs write them; after the commas of a sentence there are spaces.
        names = {field for field in header if field and field == field.strip()}
        if column in names and 1 < len(header) == len(names):
            return name
    return None


def encoding_of(head: bytes) -> str | None:
    """Tell the encoding that a byte order mark names, if it is not UTF-8."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    return "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else None


def is_json_over_lines(head: bytes) -> bool:
    """Whether a file holds one JSON value over several lines, and so no JSON Lines."""
    return bool(_JSON_OVER_LINES.match(head.removeprefix(b"\xef\xbb\xbf")))
