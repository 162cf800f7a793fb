"""Check the beginning of a file against its encoding, before anything is read."""

import io

from transforms import escaping
from transforms.io.line_ends import SAMPLE_BYTES
from transforms.io.transcoding import UTF8, as_utf8
from transforms.io.watching import DamagedError
from transforms.sources import base, encodings, files
from transforms.sources.base import ReadConfig

# Encodings whose files may begin with a byte order mark other than that of UTF-8.
_MARKED = ("utf-16", "utf-32")


def check(head: bytes, path: str, format_: str, config: ReadConfig) -> None:
    """Refuse a text whose first bytes show another encoding.

    Args:
        head: the first bytes of a file, uncompressed.
        path: the file.
        format_: its format.
        config: `encoding` is that of text.

    Raises:
        ValueError: the message names the file and the remedy.
    """
    name = escaping.one_line(path)
    if format_ == files.NAME:
        _raise(name, encodings.problem_of_wide(head, config.encoding))
    elif base.find(format_).is_text:
        _check_encoding(head, name, config.encoding)


def _raise(name: str, problem: str | None) -> None:
    if problem:
        raise ValueError(f"`input` {name} {problem}")


def _check_encoding(head: bytes, name: str, encoding: str) -> None:
    _raise(name, encodings.problem_of(head, encoding))
    if encoding == UTF8:
        return
    try:
        as_utf8(io.BytesIO(head), encoding).read(SAMPLE_BYTES)
    except DamagedError as error:
        unmarked = f" ({encoding}-le or {encoding}-be without that mark)" * (encoding in _MARKED)
        raise ValueError(
            f"`input` {name}: {error}; give the encoding of the file{unmarked}"
        ) from error
