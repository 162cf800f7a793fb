import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.io.decompressing import Decompressed
from transforms.io.watching import DamagedError

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
