"""Detect the format and compression of a file, by its name or by its first bytes."""

import codecs
import io

from transforms.io import decompressing
from transforms.io.decompressing import open_compressed
from transforms.io.transcoding import UTF8
from transforms.io.watching import DamagedError
from transforms.sources import base
from transforms.sources.encodings import encoding_of

# How many first bytes of a file are read to detect its format.
HEAD_BYTES = 4096
# The format of text that no format recognizes.
_FALLBACK = "text"


def by_name(path: str) -> tuple[str | None, str]:
    """Detect format and compression by a file's name.

    Returns:
        `(format, compression)`; the format is None if the name has no known ending.

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
    for name, format_ in base.registry.plugins.items():
        if lowered.endswith(format_.endings):
            return name, compression
    return None, compression


def by_content(
    head: bytes, compression: str, encoding: str = UTF8, text_field: str | None = None
) -> tuple[str | None, str]:
    r"""Detect format and compression by the first bytes of a file.

    Args:
        head: the first bytes, as stored.
        compression: as the name shows; `none` is checked against the bytes.
        encoding: encoding of the file if it is text.
        text_field: a first line with this field is the header of a table; None for plain lines.

    Returns:
        `(format, compression)`; the format is None for a file that has no known magic bytes but
        contains a NUL, which text never does.

    >>> by_content(b'{"text": "a"}', "none"), by_content(b"a line", "none")
    (('jsonl', 'none'), ('text', 'none'))
    >>> by_content(b"id,text", "none", text_field="text"), by_content(b"GIF\0", "none")
    (('csv', 'none'), (None, 'none'))
    """
    if compression == decompressing.NONE:
        magic = decompressing.MAGIC.items()
        compression = next((name for sign, name in magic if head.startswith(sign)), compression)
    head = uncompress_head(head, compression)
    return _by_magic(head) or _format_of_text(head, encoding, text_field), compression


def uncompress_head(head: bytes, compression: str) -> bytes:
    """Uncompress the first bytes of a file as far as possible; return no bytes if damaged."""
    try:
        return open_compressed(io.BytesIO(head), compression).read(HEAD_BYTES)
    except DamagedError:
        return b""


def _by_magic(head: bytes) -> str | None:
    return next(
        (name for name, format_ in base.registry.plugins.items() if format_.has_magic(head)), None
    )


def _format_of_text(head: bytes, encoding: str, text_field: str | None) -> str | None:
    if encoding == UTF8 and encoding_of(head):
        # Text in another encoding: `heads.check` refuses it with the remedy.
        return _FALLBACK
    text = _decode(head, encoding).removeprefix("\ufeff")
    for name, format_ in base.registry.plugins.items():
        if format_.matches_text(text, text_field):
            return name
    return None if "\0" in text else _FALLBACK


def _decode(head: bytes, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)("replace").decode(head)
    except UnicodeError:
        return ""
