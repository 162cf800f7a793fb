import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io.decompressing import Decompressed
from transforms.io.watching import DamagedError, StorageError

CONTENT = b"".join(b"line %d\n" % (number * number) for number in range(20_000))
PACKED = gzip.compress(CONTENT, mtime=0)


def read_up_to_damage(packed: bytes, length: int) -> tuple[bytes, str | None]:
    stream = Decompressed(io.BytesIO(packed), "gzip")
    pieces = []
    try:
        while piece := stream.read(length):
            pieces.append(piece)
    except DamagedError as error:
        return b"".join(pieces), str(error)
    return b"".join(pieces), None


@given(st.integers(1, len(PACKED) - 1), st.sampled_from([100, 1 << 16]))
def test_a_gzip_cut_anywhere_gives_its_beginning(cut: int, length: int) -> None:
    content, damage = read_up_to_damage(PACKED[:cut], length)
    assert damage
    assert CONTENT.startswith(content)
    # All but what one block of the packed file holds.
    assert len(content) > len(CONTENT) * (cut - 9000) / len(PACKED)


@given(st.integers(10, len(PACKED) - 1))
def test_a_flipped_byte_is_found(place: int) -> None:
    broken = bytearray(PACKED)
    broken[place] ^= 0x55
    content, damage = read_up_to_damage(bytes(broken), 1 << 16)
    assert damage or content == CONTENT


def test_what_is_no_gzip_is_damaged_from_the_start() -> None:
    content, damage = read_up_to_damage(b"the cat sat\n", 1 << 16)
    assert content == b""
    assert damage.startswith("Not a gzipped file")
    assert read_up_to_damage(PACKED, 1 << 16) == (CONTENT, None)


def test_a_failing_file_is_no_damage() -> None:
    class Failing(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        Decompressed(Failing(), "gzip").read(10)


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstd.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
}


def unpack(packed: bytes, compression: str, length: int = 1000) -> bytes:
    stream = Decompressed(io.BytesIO(packed), compression)
    return b"".join(iter(lambda: stream.read(length), b""))


@pytest.mark.parametrize("compression", PACKS)
@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 9), st.integers(1, 99)
)
def test_streams_that_follow_each_other_are_one_content(
    compression: str, contents: list[bytes], zeros: int, length: int
) -> None:
    packs = [PACKS[compression](content) for content in contents]
    padding = b"\0" * zeros * (compression != "zstd")
    packed = b"".join(pack + padding for pack in packs)
    assert unpack(packed, compression, length) == b"".join(contents)


@pytest.mark.parametrize("compression", PACKS)
def test_what_follows_a_stream_and_is_none_is_damage(compression: str) -> None:
    packed = PACKS[compression](b"a line\n")
    for more in (b"garbage", packed[:5], b"\0" * 9 + b"g", packed[:-1]):
        assert Decompressed(io.BytesIO(packed + more), compression).read(100) == b"a line\n"
        with pytest.raises(DamagedError):
            unpack(packed + more, compression)


def test_the_lzma_of_before_xz_is_read() -> None:
    packed = lzma.compress(CONTENT, lzma.FORMAT_ALONE)
    assert unpack(packed, "xz") == CONTENT


def test_frames_of_zstd_without_content_are_passed_over() -> None:
    skippable = b"\x50\x2a\x4d\x18\4\0\0\0abcd"
    packed, empty = zstd.compress(b"a line\n"), zstd.compress(b"")
    assert unpack(skippable + packed + empty + skippable + packed, "zstd") == b"a line\n" * 2
    assert unpack(skippable + empty, "zstd") == b""


def test_a_long_window_of_zstd_is_read_up_to_two_gigabytes() -> None:
    for log in (28, 31):
        head = b"\x28\xb5\x2f\xfd\0" + bytes([(log - 10) << 3])
        # One block, the last, of seven bytes as they are.
        packed = head + b"\x39\0\0a line\n"
        assert unpack(packed, "zstd") == b"a line\n"
        too_long = bytearray(packed)
        too_long[5] = 22 << 3
        with pytest.raises(DamagedError, match="it needs over 2 GiB of memory"):
            unpack(bytes(too_long), "zstd")


def test_a_lack_of_memory_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise zstd.ZstdError("Allocation error : not enough memory")

    stream = Decompressed(io.BytesIO(b""), "zstd")
    monkeypatch.setattr(stream._file, "read1", fail)
    with pytest.raises(StorageError, match="not enough memory"):
        stream.read(1)
