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
        (b'{"id": 1, "text": NaN}', "bad_json"),
        (b'{"id": 1, "text": "\\ud800"}', "bad_json"),
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
