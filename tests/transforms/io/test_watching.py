import gzip
import io
from typing import BinaryIO, cast

import pytest

from transforms.io.decompressing import Decompressed
from transforms.io.watching import DamagedError, StorageError, WatchedStream, decoding, describe


class Failing(io.BytesIO):
    """Fails at one call, and works again after it."""

    def __init__(self, content: bytes, at: int, error: Exception) -> None:
        super().__init__(content)
        self._left, self._error = at, error

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0 <= self._left + 1:
            raise self._error

    def read(self, length: int = -1) -> bytes:
        self._step()
        return super().read(length)

    def seek(self, *place: int) -> int:
        self._step()
        return super().seek(*place)


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), ValueError("of a client"), EOFError("early")]
)
def test_whatever_a_stream_raises_is_a_failure_and_stays_one(error: Exception) -> None:
    stream = WatchedStream(Failing(b"abcdef", 1, error), 6)
    assert stream.read(2) == b"ab"
    for read in (lambda: stream.read(2), lambda: stream.seek(0), lambda: stream.read(2)):
        with pytest.raises(StorageError, match=str(error).replace("[", r"\[")):
            read()


def test_an_end_before_the_size_is_a_failure() -> None:
    stream = WatchedStream(io.BytesIO(b"abc"), 5)
    assert stream.read(3) == b"abc"
    with pytest.raises(StorageError, match="it ended after 3 of 5 bytes"):
        stream.read(1)
    with pytest.raises(StorageError, match="it ended after 3 of 5 bytes"):
        WatchedStream(io.BytesIO(b"abc"), 5).read(4)
    whole = WatchedStream(io.BytesIO(b"abcde"), 5)
    assert (whole.read(9), whole.read(9), whole.tell()) == (b"abcde", b"", 5)
    assert whole.seek(1) == 1
    assert whole.read() == b"bcde"


def test_short_reads_are_no_end() -> None:
    class Slow(io.BytesIO):
        def read(self, length: int | None = -1) -> bytes:
            return super().read(min(length or 0, 2) if length != -1 else 2)

    stream = WatchedStream(Slow(b"abcdefg"), 7)
    assert (stream.read(5), stream.read(0), stream.read()) == (b"abcde", b"", b"fg")


def _swallow(stream: BinaryIO) -> None:
    try:
        stream.read(1)
    except OSError:
        return


def _rename(stream: BinaryIO) -> None:
    try:
        stream.read(1)
    except OSError:
        raise ValueError("this file is damaged") from None


@pytest.mark.parametrize("decode", [_swallow, _rename])
def test_a_decoder_cannot_make_damage_of_a_failure(decode: object) -> None:
    stream = WatchedStream(Failing(b"a", 0, OSError(5, "Input/output error")))
    with pytest.raises(StorageError, match="Input/output"), decoding(stream):
        decode(stream)


def test_what_a_decoder_says_of_sound_bytes_is_damage() -> None:
    with (
        pytest.raises(DamagedError, match="no magic"),
        decoding(cast(BinaryIO, WatchedStream(io.BytesIO(b"a")))),
    ):
        raise OSError("no magic")


def test_a_lack_of_memory_is_not_damage() -> None:
    stream = cast(BinaryIO, WatchedStream(io.BytesIO(b"a")))
    with pytest.raises(StorageError, match="not enough memory"), decoding(stream):
        raise MemoryError


@pytest.mark.parametrize("at", range(4))
def test_a_gzip_whose_file_fails_is_not_damaged(at: int) -> None:
    packed = gzip.compress(bytes(range(256)) * 400, compresslevel=0, mtime=0)
    stream = Decompressed(WatchedStream(Failing(packed, at, EOFError())), "gzip")
    with pytest.raises(StorageError, match="EOFError"):
        list(iter(lambda: stream.read(1 << 16), b""))


def test_a_description_has_no_address_and_one_line() -> None:
    assert describe(ValueError(object())) == "object"
    assert describe(OSError("first\nsecond")) == "first"
    assert describe(OSError()) == "OSError"
    assert describe(ValueError("a <pyarrow.lib.Thing object at 0x7f00ab> b")) == (
        "a pyarrow.lib.Thing b"
    )
