"""Check the beginning of a file against its format and encoding, before anything is read."""

import contextlib
import io
from typing import BinaryIO

from transforms import escaping
from transforms.documents import Source
from transforms.io.decompressing import open_compressed
from transforms.io.line_ends import SAMPLE_BYTES
from transforms.io.transcoding import UTF8, as_utf8
from transforms.io.watching import DamagedError
from transforms.sources import base, detecting, encodings, files
from transforms.sources.base import Opener, ReadConfig

# Encodings whose files may begin with a byte order mark other than that of UTF-8.
_MARKED = ("utf-16", "utf-32")


def check(source: Source, open_: Opener, config: ReadConfig) -> None:
    """Refuse a file whose first bytes show another encoding or another format.

    A file that is not text is only opened if its name lacks the ending of its format: a damaged
    file with the right ending is rejected alone, later.

    Raises:
        ValueError: the message names the file and the remedy.
        OSError: the file cannot be read.
    """
    format_ = base.find(source.format)
    if not source.size or not (format_.is_text or _has_other_ending(source)):
        return
    with contextlib.closing(open_()) as stream:
        head = _beginning(stream, source.compression)
    name = escaping.one_line(source.path)
    if format_.is_text:
        _check_encoding(head, name, config.encoding)
    elif source.format == files.NAME:
        _raise(name, encodings.problem_of_wide(head, config.encoding))
    elif not format_.has_magic(head):
        raise ValueError(
            f"`input_format` {source.format}: {name} does not begin as this format does; "
            "leave `input_format` out, or give another"
        )


def _beginning(stream: BinaryIO, compression: str) -> bytes:
    """Return the first bytes of a file, uncompressed; of a damaged one those before the damage."""
    uncompressed = open_compressed(stream, compression)
    pieces: list[bytes] = []
    missing = SAMPLE_BYTES
    with contextlib.suppress(DamagedError):
        while missing and (piece := uncompressed.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
    return b"".join(pieces)


def _has_other_ending(source: Source) -> bool:
    return detecting.by_name(source.path)[0] != source.format


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
