"""Transcode text of other encodings to UTF-8."""

import codecs
import io
from typing import BinaryIO

from transforms.io.watching import DamagedError

UTF8 = "utf-8"
# Replaces what cannot be decoded. It becomes a byte that is invalid in UTF-8, so that the line or
# field that contains it is rejected.
_MARK = "\udcff"
_ERRORS = "beam-bert-mark"
# Bytes that are decoded at once.
_PIECE = 1 << 16
# Decoders hold back a few bytes, those of UTF-7 and of escapes a whole sequence.
_MOST_HELD_BACK = 16 << 20

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
        self._ahead = io.BytesIO()
        self._ended = False

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes; empty at the end.

        Raises:
            DamagedError: the rest cannot be decoded, as UTF-16 without a byte order mark.
        """
        while not (piece := self._ahead.read(length)) and not self._ended:
            # As much again as the decoder holds back, which it decodes again with what follows.
            held_back = len(self._decoder.getstate()[0])
            if held_back > _MOST_HELD_BACK:
                raise self._damaged("a sequence does not end")
            data = self._stream.read(max(_PIECE, held_back))
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeError as error:
                raise self._damaged(error) from error
            self._ahead = io.BytesIO(text.encode(UTF8, "surrogateescape"))
        return piece

    def _damaged(self, why: object) -> DamagedError:
        self._ended = True
        return DamagedError(f"it is not in `encoding` {self._encoding}: {why}")


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Return a stream of the bytes of a text in UTF-8."""
    if encoding == UTF8:
        return stream
    return Transcoded(stream, encoding)  # type: ignore[return-value]
