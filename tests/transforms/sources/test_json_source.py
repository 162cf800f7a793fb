import io
import json

import pytest

from transforms.documents import Source, Split
from transforms.sources import base
from transforms.sources.base import ReadConfig

FORMAT = base.find("json")


def read(data: bytes, **settings: object) -> tuple[list[tuple[int, int, bool]], dict[str, list]]:
    """Return the ranges of the parts, and the columns of all documents."""
    config = ReadConfig(**{"id_field": "id", "part_bytes": 1024, **settings})
    source = Source("a", len(data), "1", "json", whole=True)
    (split,) = FORMAT.cut(source, io.BytesIO, config)
    ranges, columns = [], dict[str, list]()
    for part in FORMAT.read(split, io.BytesIO(data), config):
        ranges.append((part.start, part.end, part.last))
        for name, values in part.documents.to_pydict().items():
            columns.setdefault(name, []).extend(values)
    return ranges, columns


@pytest.mark.parametrize("indent", [None, 2])
def test_the_objects_of_an_array_are_documents_at_their_first_bytes(indent: int | None) -> None:
    rows = [{"id": number, "text": f"the cat sat {number}", "k": number} for number in range(99)]
    data = json.dumps(rows, indent=indent).encode()
    ranges, columns = read(data, keep_fields=("k:int64",))
    assert columns["id"] == [str(number) for number in range(99)]
    assert columns["text"] == [row["text"].encode() for row in rows]
    assert columns["fields.k"] == list(range(99))
    starts = [number for number, byte in enumerate(data) if byte == ord("{")]
    assert columns["position"] == starts
    assert [end for _, end, _ in ranges] == list(range(1024, ranges[-1][1] + 1, 1024))
    assert [last for _, _, last in ranges] == [False] * (len(ranges) - 1) + [True]
    assert read(data, id_field=None)[1]["id"] == [f"a:{start}" for start in starts]


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        ("3", "not_an_object", "the value holds a JSON number"),
        ('["a"]', "not_an_object", "the value holds a JSON array"),
        ('{"id": 1}', "missing_field", "no field 'text'"),
        ('{"id": 1, "text": 3}', "wrong_type", ""),
        ('{"id": 1, "text": "a", }', "bad_json", ""),
        ('{"id": 1, "text": "a" "b": 1}', "bad_json", "its JSON is broken at byte "),
        ('{"id": 1, "text": "' + "a" * 300 + '"}', "too_large", "over 200 bytes"),
    ],
)
def test_a_value_that_cannot_be_used_is_rejected_alone(
    value: str, reason: str, detail: str
) -> None:
    data = f'[\n{{"id": "a", "text": "a"}},\n{value},\n{{"id": "b", "text": "b"}}\n]'.encode()
    _, columns = read(data, max_document_bytes=200)
    assert columns["reason"] == [None, reason, None]
    assert columns["detail"][1].startswith(detail)
    assert columns["text"] == [b"a", b"", b"b"]


def test_a_value_that_is_not_utf8_is_rejected_alone() -> None:
    data = b'[{"id": 1, "text": "a"}, {"id": 2, "text": "\xff"}, {"id": 3, "text": "b"}]'
    assert read(data)[1]["reason"] == [None, "not_utf8", None]


def test_an_empty_array_has_one_part_without_documents() -> None:
    ranges, columns = read(b"[]")
    assert (len(ranges), ranges[0][2], columns["id"]) == (1, True, [])


def test_fields_and_types_are_those_of_the_first_objects() -> None:
    rows = [{"id": 1, "text": "a", "n": 1}, 3, {"id": 2, "x": 1.5}]
    data = json.dumps(rows, indent=1).encode()
    split = Split(Source("a", len(data), "1", "json", whole=True), 0, None)
    config = ReadConfig(keep_fields=("n", "x", "gone"))
    sampled = FORMAT.sample_fields(split, io.BytesIO(data), config)
    assert sampled.names == ("id", "text", "n", "x")
    assert sampled.types == ("int64", "float64", "")


def test_a_separator_is_refused() -> None:
    with pytest.raises(ValueError, match="`pair_separator` is for plain text"):
        FORMAT.check(ReadConfig(pair_separator="|"))
