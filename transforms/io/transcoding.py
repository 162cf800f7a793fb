"""Text in other encodings, as UTF-8."""

import codecs
from typing import BinaryIO

from transforms.io.decompressing import DamagedError

UTF8 = "utf-8"
# Stands in UTF-8 for what could not be read: no line or field that holds it is UTF-8.
_MARK = "\udcff"
_ERRORS = "beam-bert-mark"

codecs.register_error(_ERRORS, lambda error: (_MARK, error.end))  # type: ignore[attr-defined]


def check_encoding(encoding: str) -> str:
    """Give the name that Python has for an encoding; `utf-8` stays.

    Raises:
        ValueError: there is none of that name, or it is none of text.
    """
    try:
        name = codecs.lookup(encoding).name
        "a\n".encode(encoding)
        b"a\n".decode(encoding, "replace")
    except (LookupError, ValueError, TypeError, AssertionError) as error:
        raise ValueError(
            f"--encoding is {encoding!r}, which is no encoding of text; "
            "there are utf-8, utf-16, cp1252, gb18030, shift_jis and all others that Python has"
        ) from error
    return UTF8 if name in (UTF8, "utf-8-sig") else name


class Transcoded:
    """The bytes of a text in UTF-8; what cannot be read becomes a byte that is not."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
        self._ahead = b""
        self._ended = False

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes; none at the end.

        Raises:
            DamagedError: from here on nothing is in the encoding: UTF-16 without its beginning.
        """
        while not self._ahead and not self._ended:
            data = self._stream.read(length)
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeError as error:
                self._ended = True
                why = f"it is not in --encoding {self._encoding}: {error}"
                raise DamagedError(why) from error
            self._ahead = text.encode(UTF8, "surrogateescape")
        data, self._ahead = self._ahead[:length], self._ahead[length:]
        return data


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Give the bytes of a text in UTF-8."""
    if encoding == UTF8:
        return stream
    return Transcoded(stream, encoding)  # type: ignore[return-value]
