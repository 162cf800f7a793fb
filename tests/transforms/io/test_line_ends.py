import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io import line_ends
from transforms.io.line_ends import LineFeeds
from transforms.io.watching import DamagedError

CONTENTS = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"bc", b"\x85"]), max_size=30
).map(b"".join)


class Forward:
    """A stream without `seek`, which breaks at its end if it is damaged."""

    def __init__(self, data: bytes, damaged: bool = False) -> None:
        self._inner = io.BytesIO(data)
        self._damaged = damaged

    def read(self, length: int) -> bytes:
        data = self._inner.read(min(length, 5))
        if self._damaged and not data:
            raise DamagedError("cut")
        return data


def expected(data: bytes, sample: int) -> bytes:
    lone = re.search(rb"\r(?!\n)", data)
    if lone and lone.start() < sample and b"\n" not in data[:sample]:
        return re.sub(rb"\r(?!\n)", b"\n", data)
    return data


def read_all(stream: LineFeeds, length: int) -> bytes:
    pieces = []
    while piece := stream.read(length):
        assert len(piece) <= length
        pieces.append(piece)
    return b"".join(pieces)


@settings(deadline=None, max_examples=300)
@given(CONTENTS, st.integers(1, 9), st.sampled_from([3, 8, 1000]), st.integers(0, 40))
def test_returns_end_lines_where_no_line_feed_begins_the_file(
    data: bytes, length: int, sample: int, start: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_ends, "SAMPLE_BYTES", sample)
        wanted = expected(data, sample)
        assert read_all(LineFeeds(io.BytesIO(data)), length) == wanted
        assert read_all(LineFeeds(Forward(data)), length) == wanted  # type: ignore[arg-type]
        later = LineFeeds(io.BytesIO(data))
        later.read(2)
        assert later.seek(start) == start
        assert read_all(later, length) == wanted[start:]


@pytest.mark.parametrize("data", [b"a\rb\rc", b"a\nb\rc", b"abc", b"a\r"])
def test_damage_comes_after_everything_before_it(data: bytes) -> None:
    stream = LineFeeds(Forward(data, damaged=True))  # type: ignore[arg-type]
    pieces: list[bytes] = []
    with pytest.raises(DamagedError, match="cut"):
        pieces.extend(iter(lambda: stream.read(2), None))
    assert b"".join(pieces) == expected(data, 100)


def test_the_beginning_is_read_again_only_for_a_return_without_line_feed() -> None:
    class Seeks(io.BytesIO):
        seeks = 0

        def seek(self, *args: int) -> int:
            self.seeks += 1
            return super().seek(*args)

    for data, most in ((b"a\r\n" * 99, 1), (b"ab\n" * 99, 1), (b"a\rb" * 99 + b"\n", 3)):
        inner = Seeks(data)
        stream = LineFeeds(inner)
        stream.seek(6)
        read_all(stream, 3)
        assert inner.seeks <= most
