"""Check the beginning of a file against its format and encoding, before anything is read."""

import contextlib
import io

from transforms import escaping
from transforms.documents import Source
from transforms.io.transcoding import UTF8, as_utf8
from transforms.io.watching import DamagedError
from transforms.sources import base, detecting
from transforms.sources.base import Opener, ReadConfig
from transforms.sources.detecting import HEAD_BYTES

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
        head = detecting.uncompress_head(stream.read(HEAD_BYTES), source.compression)
        if format_.is_text:
            _check_encoding(head, escaping.one_line(source.path), config.encoding)
        elif not format_.has_magic(head):
            raise ValueError(
                f"`input_format` {source.format}: {escaping.one_line(source.path)} does not begin "
                "as this format does; leave `input_format` out, or give another"
            )


def _has_other_ending(source: Source) -> bool:
    return detecting.by_name(source.path)[0] != source.format


def _check_encoding(head: bytes, name: str, encoding: str) -> None:
    marked = detecting.encoding_of(head)
    if marked and not encoding.startswith(_MARKED):
        raise ValueError(f"`input` {name} is in another encoding: `encoding` {marked}")
    if encoding == UTF8:
        return
    try:
        as_utf8(io.BytesIO(head), encoding).read(HEAD_BYTES)
    except DamagedError as error:
        unmarked = f" ({encoding}-le or {encoding}-be without that mark)" * (encoding in _MARKED)
        raise ValueError(
            f"`input` {name}: {error}; give the encoding of the file{unmarked}"
        ) from error
