"""Transcode text of other encodings to UTF-8."""

import codecs
from typing import BinaryIO

from transforms.io.watching import DamagedError

UTF8 = "utf-8"
# Replaces what cannot be decoded. It becomes a byte that is invalid in UTF-8, so that the line or
# field that contains it is rejected.
_MARK = "\udcff"
_ERRORS = "beam-bert-mark"

codecs.register_error(_ERRORS, lambda error: (_MARK, error.end))  # type: ignore[attr-defined]


def check_encoding(encoding: str) -> str:
    """Return Python's name of an encoding; `utf-8` for utf-8-sig too.

    Raises:
        ValueError: there is no such encoding, or it does not encode text.
    """
    try:
        name = codecs.lookup(encoding).name
        "a\n".encode(encoding)
        b"a\n".decode(encoding, "replace")
    except (LookupError, ValueError, TypeError, AssertionError) as error:
        raise ValueError(
            f"`encoding` is {encoding!r}, which is not a text encoding; "
            "there are utf-8, utf-16, cp1252, gb18030, shift_jis and all others that Python has"
        ) from error
    return UTF8 if name in (UTF8, "utf-8-sig") else name


class Transcoded:
    """The bytes of a text in UTF-8; what cannot be decoded becomes a byte that is not UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
        self._ahead = b""
        self._ended = False

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes; empty at the end.

        Raises:
            DamagedError: the rest cannot be decoded, as UTF-16 without a byte order mark.
        """
        while not self._ahead and not self._ended:
            data = self._stream.read(length)
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeError as error:
                self._ended = True
                why = f"it is not in `encoding` {self._encoding}: {error}"
                raise DamagedError(why) from error
            self._ahead = text.encode(UTF8, "surrogateescape")
        data, self._ahead = self._ahead[:length], self._ahead[length:]
        return data


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Return a stream of the bytes of a text in UTF-8."""
    if encoding == UTF8:
        return stream
    return Transcoded(stream, encoding)  # type: ignore[return-value]
