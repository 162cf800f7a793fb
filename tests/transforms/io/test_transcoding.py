import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io import transcoding
from transforms.io.transcoding import as_utf8, check_encoding
from transforms.io.watching import DamagedError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)

ENCODINGS = ["utf-16", "utf-32", "utf-16-be", "gb18030", "utf-7"]


def read(data: bytes, encoding: str, length: int) -> bytes:
    stream = as_utf8(io.BytesIO(data), encoding)
    pieces = []
    while piece := stream.read(length):
        assert len(piece) <= length
        pieces.append(piece)
    return b"".join(pieces)


@settings(deadline=None)
@given(TEXTS, st.sampled_from(ENCODINGS), st.integers(1, 9))
def test_text_comes_out_as_utf8(text: str, encoding: str, length: int) -> None:
    assert read(text.encode(encoding), encoding, length) == text.encode()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(b"a\n\x81\nb", "cp1252"), (b"a\n\xff\xff\nb", "shift_jis"), (b"a\n\xfe\nb", "ascii")],
)
def test_what_cannot_be_read_is_no_utf8_and_the_rest_is(data: bytes, encoding: str) -> None:
    first, *bad, last = read(data, encoding, 100).split(b"\n")
    assert (first, last) == (b"a", b"b")
    with pytest.raises(UnicodeDecodeError):
        b"".join(bad).decode()


def test_half_a_character_at_the_end_is_told() -> None:
    assert read("ab".encode("utf-16-le")[:-1], "utf-16-le", 10) == b"a\xff"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_text_without_the_mark_that_its_encoding_needs_is_damaged(encoding: str) -> None:
    stream = as_utf8(io.BytesIO(b"no such text\n" * 9), encoding)
    with pytest.raises(
        DamagedError, match=f"not in `encoding` {encoding}: .* does not start with BOM"
    ):
        stream.read(64)
    assert stream.read(64) == b""


@pytest.mark.parametrize(
    ("given_", "known"),
    [("UTF8", "utf-8"), ("utf-8-sig", "utf-8"), ("latin1", "iso8859-1"), ("UTF-16", "utf-16")],
)
def test_an_encoding_has_one_name(given_: str, known: str) -> None:
    assert check_encoding(given_) == known


@pytest.mark.parametrize("name", ["", "klingon", "rot13", "hex", "base64", "zlib", "a\0b"])
def test_what_is_no_encoding_of_text_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"`encoding` is .* there are utf-8, utf-16"):
        check_encoding(name)


class Asked(io.BytesIO):
    """Remembers how many bytes were asked for at once."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.sizes: list[int] = []

    def read(self, size: int | None = -1) -> bytes:
        self.sizes.append(size or 0)
        return super().read(size)


def test_a_sequence_that_goes_on_is_decoded_few_times_and_ends_somewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transcoding, "_PIECE", 16)
    text = "b" + "\u00e4" * 3000
    stream = Asked(text.encode("utf-7"))
    decoded = as_utf8(stream, "utf-7")
    assert b"".join(iter(lambda: decoded.read(10_000), b"")).decode() == text
    assert len(stream.sizes) < 16
    monkeypatch.setattr(transcoding, "_MOST_HELD_BACK", 500)
    with pytest.raises(DamagedError, match="not in `encoding` utf-7: a sequence does not end"):
        read(text.encode("utf-7"), "utf-7", 10_000)
