import io
import itertools
import re

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from transforms.documents import Source, Split
from transforms.sources import base, lines, text
from transforms.sources.base import ReadConfig


def read(data: bytes, **settings: object) -> dict[str, list]:
    config = ReadConfig(**settings)
    source = Source("a.txt", len(data), "1", "text")
    (part,) = base.find("text").read(Split(source, 0, len(data)), io.BytesIO(data), config)
    return part.documents.to_pydict()


def test_every_line_has_a_row_whatever_it_holds() -> None:
    rows = read(b"\xef\xbb\xbffirst\r\n\n \t\n\xff\xfe\nlast \xe2\x98\x83")
    assert rows["text"] == [b"first", b"", b" \t", b"", "last ☃".encode()]
    assert rows["reason"] == [None, "empty", "empty", "not_utf8", None]
    assert rows["position"] == [0, 10, 11, 14, 17]
    assert rows["id"] == [f"a.txt:{position}" for position in rows["position"]]


def test_a_byte_order_mark_is_dropped_only_at_the_beginning() -> None:
    rows = read(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo")
    assert rows["text"] == [b"one", b"\xef\xbb\xbftwo"]


def test_a_line_over_the_limit_is_too_large_and_the_others_go_on() -> None:
    rows = read(b"short\n" + b"x" * 50 + b"\nalso short\n", max_document_bytes=20)
    assert rows["reason"] == [None, "too_large", None]
    assert rows["detail"][1] == "over 20 bytes"


def test_a_line_with_a_nul_is_rejected_for_it_may_be_of_another_encoding() -> None:
    rows = read(b"one\n" + "two\nthree".encode("utf-16-le") + b"\n")
    assert rows["reason"] == [None, "not_utf8", "not_utf8"]
    assert rows["detail"][1] == (
        "the line has a NUL, which no text has: `encoding` utf-16-le may read it"
    )


def test_surrogates_and_overlong_forms_are_not_utf8() -> None:
    rows = read(b"\xed\xa0\x80\n\xc0\xaf\nok\n")
    assert rows["reason"] == ["not_utf8", "not_utf8", None]


MARK = b"\xef\xbb\xbf"
pieces = st.sampled_from([b"\n", b"\r\n", b"\r", b" ", MARK, b"\xff", b"\xc3", "é\u3000".encode()])
contents = st.lists(st.one_of(pieces, st.binary(max_size=6)), max_size=20).map(b"".join)
Row = tuple[str, int, str | None, bytes]


def oracle(data: bytes, max_bytes: int) -> list[Row]:
    rows: list[Row] = []
    for position, line in lines_of(data):
        reason, sound = None, b""
        try:
            value = line.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            reason = "not_utf8"
        else:
            value = value.removeprefix("\ufeff") if position == 0 else value
            reason, sound = (None, value.encode()) if value.strip() else ("empty", b"")
            reason, sound = ("not_utf8", b"") if "\0" in value else (reason, sound)
        if len(line) > max_bytes:
            reason, sound = "too_large", b""
        rows.append((f"a.txt:{position}", position, reason, sound))
    return rows


def lines_of(data: bytes) -> list[tuple[int, bytes]]:
    ends = [n + 1 for n, byte in enumerate(data) if byte == 10]
    bounds = sorted({0, *ends, len(data)})
    return [(start, data[start:end]) for start, end in itertools.pairwise(bounds)]


@settings(deadline=None, max_examples=100)
@given(contents, st.integers(1, 30), st.integers(1, 20))
def test_any_bytes_in_any_parts_give_the_documents_of_their_lines(
    data: bytes, part_bytes: int, max_bytes: int
) -> None:
    assume(not data.startswith(MARK * 2))
    rows: list[Row] = []
    for split in lines.cut_by_bytes(Source("a.txt", len(data), "1", "text"), part_bytes):
        (block,) = lines.read_blocks(split, io.BytesIO(data), part_bytes, max_bytes)
        for row in text.parse(block, "a.txt", ReadConfig(max_document_bytes=max_bytes)).to_pylist():
            sound = b"" if row["reason"] else row["text"]
            rows.append((row["id"], row["position"], row["reason"], sound))
            assert (row["detail"] is None) == (row["reason"] is None)
    assert rows == oracle(data, max_bytes)


def test_one_byte_order_mark_is_dropped_and_no_more() -> None:
    assert read(MARK + MARK + b"one")["text"] == [MARK + b"one"]


def test_a_line_over_the_limit_leaves_no_text() -> None:
    rows = read(b"short\n" + b"x" * 50 + b"\nalso short\n", max_document_bytes=20)
    assert rows["text"] == [b"short", b"", b"also short"]


@pytest.mark.parametrize(
    ("config", "flag"),
    [(ReadConfig(id_field="id"), "`id_field`"), (ReadConfig(keep_fields=("k",)), "`keep_fields`")],
)
def test_a_field_of_plain_text_is_refused(config: ReadConfig, flag: str) -> None:
    with pytest.raises(ValueError, match=f"{flag} needs records with fields.*leave it out"):
        base.find("text").check(config)


def test_a_line_is_split_at_its_last_separator() -> None:
    rows = read(
        b"a ||| b\nalone\nx|||y|||z \r\n||| b\na |||\n", pair_separator="|||", part_bytes=1024
    )
    assert rows["text"] == [b"a ", b"alone", b"x|||y", b"", b"a "]
    assert rows["text_b"] == [b" b", b"", b"z ", b" b", b""]
    assert rows["reason"] == [None, None, None, "empty", None]
    assert rows["detail"][3] == "the line has no text before the separator"


lines_of_pairs = st.lists(st.text("ab|\té", max_size=8), min_size=1, max_size=6)


@settings(deadline=None, max_examples=100)
@given(lines_of_pairs, st.sampled_from(["|", "||", "\t", "é", "|a"]))
def test_what_is_split_can_be_joined_again(batch: list[str], separator: str) -> None:
    first, second = text.split_pairs(pa.array(batch, pa.large_string()), separator)
    for line, a, b in zip(batch, first.to_pylist(), second.to_pylist(), strict=True):
        expected = line.rsplit(separator, 1) if separator in line else [line, ""]
        assert [a, b] == expected


spaced = st.lists(
    st.sampled_from(["|||", "|", " ", "  ", "\t", "\u3000", "\x1c", "\r", "a", "é b", " ||| "]),
    max_size=9,
).map("".join)


@pytest.mark.slow
@settings(max_examples=500)
@given(st.lists(spaced, min_size=1, max_size=6))
def test_a_separator_with_spaces_splits_as_extract_features_does(batch: list[str]) -> None:
    """Up to white space at the ends of texts, which has no wordpieces."""
    first, second = text.split_pairs(pa.array(batch, pa.large_string()), " ||| ")
    for line, a, b in zip(batch, first.to_pylist(), second.to_pylist(), strict=True):
        match = re.match(r"^(.*) \|\|\| (.*)$", line.strip())
        expected = match.groups() if match else (line, "")
        assert (a.strip(), b.strip()) == tuple(text.strip() for text in expected)
        # Byte ranges of the second text count from the start of the line.
        assert not b or line[len(a) :].startswith(" ||| " + b)


@pytest.mark.parametrize(
    ("line", "bare"),
    [("a|||b", ("a", "b")), ("||| b", ("", " b")), ("a |||", ("a ", ""))],
)
def test_a_bare_separator_also_splits_where_extract_features_does_not(
    line: str, bare: tuple[str, str]
) -> None:
    lines = pa.array([line], pa.large_string())
    assert tuple(c[0].as_py() for c in text.split_pairs(lines, "|||")) == bare
    assert [c[0].as_py() for c in text.split_pairs(lines, " ||| ")] == [line, ""]


def test_only_pairs_have_a_second_text() -> None:
    assert "text_b" not in read(b"a\tb\n")
    assert read(b"\xff\t\n", pair_separator="\t")["text_b"] == [b""]


def test_a_field_for_the_second_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`text_b_field` needs records; .* give `pair_separator`"):
        base.find("text").check(ReadConfig(text_b_field="b"))
    base.find("text").check(ReadConfig(pair_separator="\t"))
