"""Hold what a file begins with against how it is to be read, before anything is."""

import contextlib
import io

from transforms import escaping
from transforms.documents import Source
from transforms.io.decompressing import DamagedError
from transforms.io.transcoding import UTF8, as_utf8
from transforms.sources import base, detecting
from transforms.sources.base import Opener, ReadConfig
from transforms.sources.detecting import HEAD_BYTES

# Names of the encodings whose files may begin with a byte order mark that is not UTF-8.
_MARKED = ("utf-16", "utf-32")


def check(source: Source, open_: Opener, config: ReadConfig) -> None:
    """Refuse a file whose first bytes tell that it is in another encoding, or of another format.

    What is no text is looked at only where the name does not speak for the format: a damaged file
    under its own name costs itself alone. One that cannot be read is passed over: who reads it
    tells.

    Raises:
        ValueError: it cannot be read so; the message names it and the remedy.
    """
    is_text = base.find(source.format).is_text
    if not source.size or not (is_text or _is_in_doubt(source)):
        return
    with contextlib.suppress(OSError), contextlib.closing(open_()) as stream:
        head = detecting.uncompressed(stream.read(HEAD_BYTES), source.compression)
        if is_text:
            _check_encoding(head, escaping.one_line(source.path), config.encoding)
        elif detecting.by_magic(head) != source.format:
            raise ValueError(
                f"--input_format {source.format}: {escaping.one_line(source.path)} does not begin "
                "as such a file does; leave the flag out, or name what it is"
            )


def _is_in_doubt(source: Source) -> bool:
    return detecting.by_name(source.path)[0] != source.format


def _check_encoding(head: bytes, name: str, encoding: str) -> None:
    told = detecting.encoding_of(head)
    if told and not encoding.startswith(_MARKED):
        raise ValueError(f"--input {name} is in another encoding: --encoding {told}")
    if encoding == UTF8:
        return
    try:
        as_utf8(io.BytesIO(head), encoding).read(HEAD_BYTES)
    except DamagedError as error:
        unmarked = f" ({encoding}-le or {encoding}-be without that mark)" * (encoding in _MARKED)
        raise ValueError(
            f"--input {name}: {error}; give the one that it is in{unmarked}"
        ) from error
