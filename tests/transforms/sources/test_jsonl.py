import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.documents import Source, Split
from transforms.sources import base
from transforms.sources.base import ReadConfig


def read(data: bytes, **fields: object) -> dict[str, list]:
    config = ReadConfig(**{"id_field": "id", "keep_fields": ("k",), **fields})
    source = Source("a.jsonl", len(data), "1", "jsonl")
    (part,) = base.find("jsonl").read(Split(source, 0, len(data)), io.BytesIO(data), config)
    return part.documents.to_pydict()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty"),
        (b"  \t", "empty"),
        (b"{nope", "bad_json"),
        (b'{"id": 1, "text": NaN}', "wrong_type"),
        (b'{"id": 1, "text": "\\ud800"}', "not_utf8"),
        (b"[" * 5000, "bad_json"),
        (b'{"id": 1, "text": "\xff"}', "not_utf8"),
        (b"[1]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"id": 1}', "missing_field"),
        (b'{"text": "t"}', "missing_field"),
        (b'{"id": 1, "text": 3}', "wrong_type"),
        (b'{"id": 1, "text": null}', "wrong_type"),
        (b'{"id": true, "text": "t"}', "wrong_type"),
        (b'{"id": 1.5, "text": "t"}', "wrong_type"),
        (b'{"id": "", "text": "t"}', "wrong_type"),
        (b'{"id": 1, "text": " "}', "empty"),
    ],
)
def test_a_bad_line_is_rejected_and_the_next_one_read(line: bytes, reason: str) -> None:
    rows = read(line + b'\n{"id": "next", "text": "sound"}\n')
    assert rows["reason"] == [reason, None]
    assert rows["text"] == [b"", b"sound"]
    assert rows["detail"][0]


def test_a_rejected_document_keeps_its_id_where_it_has_one() -> None:
    rows = read(b'{"id": 7}\n{"text": "t"}\n')
    assert rows["id"] == ["7", "a.jsonl:10"]


def test_ids_and_kept_fields_become_text() -> None:
    lines = [
        '{"id": 12, "text": "a", "k": "s"}',
        '{"id": "x", "text": "b", "k": [1, {"z": null}]}',
        '{"id": "y", "text": "c"}',
        '{"id": "z", "text": "d", "k": false}',
    ]
    rows = read("\n".join(lines).encode())
    assert rows["id"] == ["12", "x", "y", "z"]
    assert rows["fields.k"] == ["s", '[1,{"z":null}]', None, "false"]


def test_without_an_id_field_the_place_is_the_id() -> None:
    rows = read(b'{"id": 1, "text": "a"}\n{"body": "b", "text": "c"}', id_field=None)
    assert rows["id"] == ["a.jsonl:0", "a.jsonl:23"]
    assert read(b'{"body": "b"}', id_field=None, text_field="body")["text"] == [b"b"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b""))))
def test_any_bytes_give_a_row_a_line(lines: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    rows = read(data)
    assert len(rows["id"]) == len(lines)
    assert [reason is None for reason in rows["reason"]] == [bool(text) for text in rows["text"]]


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_sound_text_comes_back_as_it_was(text: str) -> None:
    for ascii_only in (True, False):
        line = json.dumps({"id": 1, "text": text}, ensure_ascii=ascii_only).encode()
        rows = read(line)
        expected = [text.encode()] if text.strip() else [b""]
        assert rows["text"] == expected


@pytest.mark.parametrize("id_", ["null", "[]", "{}", "false", "0.5", "-1e-3"])
def test_what_is_no_string_or_integer_is_no_id(id_: str) -> None:
    rows = read(f'{{"id": {id_}, "text": "t"}}\n'.encode())
    assert rows["reason"] == ["wrong_type"]
    assert rows["detail"] == [
        "field 'id' is no id: give a string or an integer; as a float, below 2^53"
    ]
    assert rows["id"] == ["a.jsonl:0"]


@pytest.mark.parametrize(
    ("number", "id_"),
    [("1.0", "1"), ("-2e3", "-2000"), ("9007199254740991.0", "9007199254740991")],
)
def test_a_float_without_a_fraction_is_an_id(number: str, id_: str) -> None:
    rows = read(f'{{"id": {number}, "text": "a"}}\n'.encode())
    assert (rows["id"], rows["reason"]) == ([id_], [None])


@pytest.mark.parametrize("number", ["1.5", "9007199254740992.0", "1e300", "true", "null"])
def test_other_numbers_are_rejected_as_ids(number: str) -> None:
    rows = read(f'{{"id": {number}, "text": "a"}}\n'.encode())
    assert rows["reason"] == ["wrong_type"]


def test_a_line_over_the_limit_is_too_large_and_keeps_its_place() -> None:
    line = b'{"id": "long", "text": "' + b"x" * 50 + b'"}'
    rows = read(b'{"id":1,"text":"a"}\n' + line + b'\n{"id":2,"text":"b"}', max_document_bytes=30)
    assert rows["id"] == ["1", "a.jsonl:20", "2"]
    assert rows["reason"] == [None, "too_large", None]
    assert rows["detail"][1] == "over 30 bytes"
    assert rows["text"] == [b"a", b"", b"b"]


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    rows = read(b'\xef\xbb\xbf{"id": 1, "text": " a\\n"}\r\n\r\n{"id": 2, "text": "b"}\r\n')
    assert rows["text"] == [b" a\n", b"", b"b"]
    assert rows["reason"] == [None, "empty", None]


def test_a_sequence_with_record_separators_is_read() -> None:
    rows = read(b'\x1e{"id": 1, "text": "a"}\n\x1e{"id": 2, "text": "b"}\n')
    assert rows["text"] == [b"a", b"b"]


def test_fields_and_types_are_those_of_the_sound_records() -> None:
    lines = [
        '\ufeff{"text": "a", "n": 1}',
        "{not json",
        "[1]",
        '{"x": 1.5, "text": "b", "n": 2, "large": 100000000000000000000}',
        "[" * 5000,
    ]
    data = "\n".join(lines).encode()
    config = ReadConfig(keep_fields=("n", "x", "gone", "large"))
    split = Split(Source("a.jsonl", len(data), "1", "jsonl"), 0, len(data))
    sampled = base.find("jsonl").sample_fields(split, io.BytesIO(data), config)
    assert sampled.names == ("text", "n", "x", "large")
    assert sampled.types == ("int64", "float64", "", "string")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abé"), inner),
    max_leaves=6,
)


@settings(deadline=None, max_examples=100)
@given(values, st.booleans())
def test_a_kept_field_is_its_string_or_its_json(value: object, ascii_only: bool) -> None:
    line = json.dumps({"id": 1, "text": "t", "k": value}, ensure_ascii=ascii_only)
    (kept,) = read(line.encode())["fields.k"]
    if value is None or isinstance(value, str):
        assert kept == value
    else:
        assert json.loads(kept) == value


@pytest.mark.parametrize("depth", [100, 300, 1000])
def test_a_deeply_nested_kept_field_stops_no_job(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    rows = read(f'{{"id": 1, "text": "t", "k": {nested}}}\n{{"id": 2, "text": "u"}}'.encode())
    assert rows["text"][1] == b"u"
    assert rows["reason"][0] == "bad_json" or rows["fields.k"][0] == nested


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 2**64, 10**22 + 123])
def test_a_kept_integer_keeps_its_last_digit(number: int) -> None:
    rows = read(f'{{"id": 1, "text": "t", "k": {number}}}'.encode())
    assert rows["fields.k"] == [str(number)]


@pytest.mark.parametrize("number", [0, -7, 2**64 - 1, 2**64, 10**22 + 123])
def test_an_integer_of_any_size_is_an_id(number: int) -> None:
    rows = read(f'{{"id": {number}, "text": "t"}}'.encode())
    assert (rows["id"], rows["reason"]) == ([str(number)], [None])


@settings(deadline=None, max_examples=100)
@given(values, st.integers(0, 60), st.binary(max_size=2), st.integers(0, 3))
def test_damaged_json_never_raises_and_every_line_has_a_row(
    value: object, place: int, bytes_: bytes, width: int
) -> None:
    whole = json.dumps({"text": value, "id": 1, "k": value}, ensure_ascii=False).encode()
    line = (whole[:place] + bytes_ + whole[place + width :]).replace(b"\n", b"")
    rows = read(line + b'\n{"id": 2, "text": "next"}\n')
    assert rows["position"] == [0, len(line) + 1]
    assert rows["text"][1] == b"next"
    assert (rows["reason"][0] is None) == bool(rows["text"][0])


@pytest.mark.parametrize(
    ("line", "reason", "text_b"),
    [
        (b'{"id": 1, "text": "a", "b": "c"}', None, b"c"),
        (b'{"id": 1, "text": "a", "b": null}', None, b""),
        (b'{"id": 1, "text": "a", "b": ""}', None, b""),
        (b'{"id": 1, "text": "a"}', "missing_field", b""),
        (b'{"id": 1, "text": "a", "b": 3}', "wrong_type", b""),
        (b'{"id": 1, "text": " ", "b": "c"}', "empty", b""),
        (b'{"id": 1, "text": null, "b": "c"}', "wrong_type", b""),
        (b"{", "bad_json", b""),
    ],
)
def test_a_second_text_may_be_none_but_must_be_told(
    line: bytes, reason: str | None, text_b: bytes
) -> None:
    rows = read(line, text_b_field="b")
    assert (rows["reason"], rows["text_b"]) == ([reason], [text_b])
    assert (rows["detail"][0] is None) == (reason is None)


def test_only_pairs_have_a_second_text() -> None:
    assert "text_b" not in read(b'{"id": 1, "text": "a", "b": "c"}')


def test_a_separator_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"`pair_separator` is for plain text; .* give `text_b_field`"
    ):
        base.find("jsonl").check(ReadConfig(pair_separator="|"))
