import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io import remote_stream, retrying
from transforms.io.remote_stream import open_remote

CONTENT = bytes(range(256)) * 20
PATH = "s3://bucket/key"


@pytest.fixture(autouse=True, scope="module")
def _no_pauses() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrying, "pause", lambda _: None)
        patch.setattr(remote_stream, "_BLOCK", 64)
        yield


class Store:
    """Opens streams that break after some bytes each, or end there as if the file ended."""

    def __init__(self, lives: list[int], *, end: bool = False, content: bytes = CONTENT) -> None:
        self._lives, self._end, self._content = lives, end, content
        self.opened: list[io.BytesIO] = []

    def open(self) -> io.BytesIO:
        store, life = self, self._lives.pop(0) if self._lives else None

        class Stream(io.BytesIO):
            left = life

            def read(self, length: int | None = -1) -> bytes:
                if self.left is None:
                    return super().read(length)
                if self.left == 0 and not store._end:
                    raise ConnectionResetError("reset by peer")
                data = super().read(min(length, self.left))
                self.left -= len(data)
                return data

        self.opened.append(Stream(self._content))
        return self.opened[-1]


@settings(max_examples=40)
@given(
    lives=st.lists(st.integers(0, 300), max_size=5),
    end=st.booleans(),
    steps=st.lists(st.tuples(st.integers(0, len(CONTENT) + 9), st.integers(0, 900)), max_size=8),
)
def test_breaks_change_nothing_that_is_read(
    lives: list[int], end: bool, steps: list[tuple[int, int]]
) -> None:
    store = Store(lives, end=end)
    expected = io.BytesIO(CONTENT)
    with open_remote(PATH, store.open) as stream:
        for place, length in steps:
            assert stream.seek(place) == expected.seek(place)
            assert stream.read(length) == expected.read(length)
            assert stream.tell() == expected.tell()
        stream.seek(0)
        assert stream.read() == CONTENT
    assert all(one.closed for one in store.opened)


def test_a_file_that_ends_too_early_for_good_is_an_error() -> None:
    store = Store([100] + [0] * 99, end=True)
    with open_remote(PATH, store.open) as stream, pytest.raises(OSError, match=PATH) as raised:
        stream.read()
    assert "it ended after 100 of 5,120 bytes" in str(raised.value)
    assert len(store.opened) == 6


def test_another_file_is_not_read_on() -> None:
    store = Store([100])
    with open_remote(PATH, store.open) as stream:
        assert stream.read(50) == CONTENT[:50]
        store._content = CONTENT[:-1]
        with pytest.raises(OSError, match=f"{PATH}: it has changed while it was read"):
            stream.read()


def test_a_missing_file_is_missing() -> None:
    def missing() -> io.BytesIO:
        raise FileNotFoundError(2, "Not found: s3://bucket/key")

    with pytest.raises(FileNotFoundError, match="Not found"):
        open_remote(PATH, missing)
