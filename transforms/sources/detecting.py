"""Detect the format and compression of a file by its first bytes.

The name decides where the bytes cannot: among formats of text, and for a damaged file.
"""

import codecs
import contextlib
import functools
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from transforms import escaping
from transforms.io import compression_signs, decompressing
from transforms.io.decompressing import NONE, ZLIB, open_compressed
from transforms.io.line_ends import SAMPLE_BYTES
from transforms.io.transcoding import UTF8
from transforms.io.watching import DamagedError
from transforms.sources import base, foreign_files
from transforms.sources.base import ReadConfig
from transforms.sources.encodings import encoding_of

# How many first bytes of a file, and of its uncompressed content, are read: as many as decide its
# line ends and its encoding. The format of text is detected by its first characters.
HEAD_BYTES = SAMPLE_BYTES
CHARACTERS = 4096
_CHARACTERS_BYTES = 4 * CHARACTERS
# The format of text that no format recognizes.
_FALLBACK = "text"
# Paths whose endings are remembered: those of one file are asked for several times.
_PATHS = 1024
# Characters that no text has; a NUL may show another encoding.
_BINARY = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b") | {127}


class Detected(NamedTuple):
    """What a file is.

    Attributes:
        format: a name in `transforms.sources`.
        compression: a name in `transforms.io.decompressing`.
        head: its first bytes, uncompressed; empty if they are damaged.
    """

    format: str
    compression: str
    head: bytes


@functools.lru_cache(_PATHS)
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


def identify(
    path: str, stream: BinaryIO, config: ReadConfig, requested: str | None = None
) -> Detected:
    r"""Detect format and compression of a file.

    Args:
        path: its name, whose ending may decide.
        stream: its bytes as stored; seekable.
        config: how text is read.
        requested: the format to read it in; None detects it.

    Raises:
        ValueError: no format reads the file, or not the requested one; the message says what it is,
            and what to do with it.
        OSError: the file cannot be read.

    >>> import io
    >>> identify("a", io.BytesIO(b'{"text": "a"}'), ReadConfig())[:2]
    ('jsonl', 'none')
    >>> identify("a.gz", io.BytesIO(b"a line"), ReadConfig())[:2]
    ('text', 'none')
    """
    try:
        return _identify(path, stream, config, requested)
    except _RefusedError as error:
        raise ValueError(f"`input` {escaping.one_line(path)} {error}") from error


class _RefusedError(Exception):
    """Why a file is refused; follows its name."""


def _identify(path: str, stream: BinaryIO, config: ReadConfig, requested: str | None) -> Detected:
    compression, head = _uncompressed(path, stream, config.encoding)
    _refuse_packed_twice(head, compression)
    proven = _by_magic(head)
    foreign = None if proven else foreign_files.describe(head)
    if foreign:
        raise _RefusedError("is {}: {}".format(*foreign))
    if requested:
        _check_requested(requested, proven, path)
        _check_text(*_decode(head, config.encoding), config, [requested])
        return Detected(requested, compression, head)
    return Detected(proven or _format_of_text(path, head, config), compression, head)


def _uncompressed(path: str, stream: BinaryIO, encoding: str) -> tuple[str, bytes]:
    """Return the compression of a file, and its first bytes, uncompressed."""
    stored = stream.read(HEAD_BYTES)
    named = by_name(path)[1]
    signed = compression_signs.sign_of(stored)
    if signed is None:
        may_be_zlib = compression_signs.may_be_zlib(stored)
        inflated = _read_head(stream, ZLIB) if may_be_zlib else b""
        # Its sign is too short to prove it: what comes out has to. Records prove more than text.
        if _by_magic(inflated):
            return ZLIB, inflated
        if (named == NONE and not may_be_zlib) or _is_plain(stored, encoding):
            return NONE, stored
        if may_be_zlib and _was_inflated(inflated, stored, encoding):
            return ZLIB, inflated
        if named == NONE:
            return NONE, stored
    problem = compression_signs.problem_of_zstd(stored)
    if problem:
        raise _RefusedError(problem)
    compression = signed or named
    return compression, _read_head(stream, compression)


def _was_inflated(inflated: bytes, stored: bytes, encoding: str) -> bool:
    """Return whether zlib compressed what was inflated: a text, or exactly nothing."""
    if inflated:
        return _is_plain(inflated, encoding)
    return compression_signs.is_empty_zlib(stored)


def _read_head(stream: BinaryIO, compression: str) -> bytes:
    """Uncompress the first bytes of a file as far as possible."""
    stream.seek(0)
    uncompressed, head = open_compressed(stream, compression), b""
    with contextlib.suppress(DamagedError):
        while len(head) < HEAD_BYTES and (piece := uncompressed.read(HEAD_BYTES - len(head))):
            head += piece
    return head


def _is_plain(head: bytes, encoding: str) -> bool:
    """Return whether a file is certainly not compressed, whatever its name says."""
    if _by_magic(head) or foreign_files.describe(head) or encoding_of(head):
        return True
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeError:
        return False
    return not _BINARY.intersection(map(ord, text))


def _refuse_packed_twice(head: bytes, compression: str) -> None:
    again = None if compression == NONE else compression_signs.sign_of(head)
    if again:
        raise _RefusedError(
            f"is compressed twice, by {compression} and by {again}: uncompress it once"
        )


def _check_requested(requested: str, proven: str | None, path: str) -> None:
    """Raise _RefusedError if the first bytes prove another format than the requested one.

    A damaged file with the ending of its format is rejected alone, later.
    """
    if proven not in (None, requested):
        raise _RefusedError(f"is of the format {proven}: leave out `input_format` {requested}")
    is_named = by_name(path)[0] == requested
    if not (proven or is_named or base.find(requested).reads_any_bytes):
        raise _RefusedError(
            f"does not begin as `input_format` {requested} does; leave it out, or give another"
        )


def _by_magic(head: bytes) -> str | None:
    return next(
        (name for name, format_ in base.registry.plugins.items() if format_.has_magic(head)), None
    )


def _format_of_text(path: str, head: bytes, config: ReadConfig) -> str:
    """Detect the format of a file without magic bytes.

    Raises:
        _RefusedError: it is no text, or a text that has to be converted first.
    """
    named = by_name(path)[0]
    text, is_complete = _decode(head, config.encoding)
    if not text:
        return named or _FALLBACK
    formats, field = base.registry.plugins.items(), _field(config)
    claims = (name for name, format_ in formats if format_.claims_text(text, field))
    claimed = next(claims, None)
    if claimed:
        return claimed
    _check_text(text, is_complete, config, base.names())
    matches = (name for name, format_ in formats if format_.matches_text(text, field))
    found = named or next(matches, None)
    if found is None and "\0" in text:
        raise _RefusedError(
            "is not text (it contains a NUL), and its format is not known.\n"
            "Leave it out by a glob such as 'folder/*.md', or give its `encoding` or `input_format`"
        )
    return found or _FALLBACK


def _check_text(text: str, is_complete: bool, config: ReadConfig, formats: Sequence[str]) -> None:
    """Raise _RefusedError for a text that resembles one of the formats but has to be converted."""
    for format_ in map(base.find, formats if text else ()):
        problem = format_.problem_of_text(text, _field(config), is_complete)
        if problem:
            raise _RefusedError(problem)


def _field(config: ReadConfig) -> str | None:
    """Return a field with the text; None if a separator shows that documents are lines."""
    return None if config.pair_separator else config.text_fields[0]


def _decode(head: bytes, encoding: str) -> tuple[str, bool]:
    """Decode the beginning of a text.

    Returns:
        its first characters, and whether these are all; none if it is in another encoding.
    """
    beginning = head[:_CHARACTERS_BYTES]
    # `heads.check` refuses it with the remedy.
    if encoding == UTF8 and encoding_of(beginning):
        return "", False
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(beginning)
    except UnicodeError:
        return "", False
    text = text.removeprefix("\ufeff")
    return text[:CHARACTERS], len(text) <= CHARACTERS and len(head) < _CHARACTERS_BYTES
