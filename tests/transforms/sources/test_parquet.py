import datetime
import decimal
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from transforms.documents import Source, Split
from transforms.sources import base
from transforms.sources.base import ReadConfig

FORMAT = base.find("parquet")


def write(table: pa.Table, rows: int = 1 << 20, **settings_: object) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, row_group_size=rows, **settings_)
    return file.getvalue()


def cut(data: bytes, config: ReadConfig) -> list[Split]:
    source = Source("a.parquet", len(data), "1", "parquet")
    return FORMAT.cut(source, lambda: io.BytesIO(data), config)


def read(data: bytes, config: ReadConfig) -> tuple[dict[str, list], list[tuple[int, int]]]:
    columns: dict[str, list] = {}
    ranges = []
    for split in cut(data, config):
        lasts = []
        for part in FORMAT.read(split, io.BytesIO(data), config):
            ranges.append((part.start, part.end))
            lasts.append(part.last)
            for name, values in part.documents.to_pydict().items():
                columns.setdefault(name, []).extend(values)
        assert lasts == [False] * (len(lasts) - 1) + [True]
    return columns, ranges


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), min_size=1),
    st.integers(1, 30),
    st.booleans(),
)
def test_every_row_is_read_once_in_order(texts: list[str], group: int, packed: bool) -> None:
    column = pa.array(texts)
    table = pa.table({"text": column.dictionary_encode() if packed else column})
    config = ReadConfig(part_bytes=1024)
    rows, ranges = read(write(table, group, compression="zstd"), config)
    assert [text.decode() for text in rows["text"]] == [t * bool(t.strip()) for t in texts]
    assert rows["id"] == [f"a.parquet:{number}" for number in range(len(texts))]
    assert [end for _, end in ranges[:-1]] == [start for start, _ in ranges[1:]]
    assert (ranges[0][0], ranges[-1][1]) == (0, len(texts))
    assert rows["reason"] == [None if text.strip() else "empty" for text in texts]


def test_parts_hold_about_as_many_bytes_as_they_should() -> None:
    texts = ["x" * 100] * 3000
    rows, ranges = read(write(pa.table({"text": texts})), ReadConfig(part_bytes=10_000))
    assert len(rows["text"]) == 3000
    assert {end - start for start, end in ranges} == {100}


def test_scalars_keep_their_types() -> None:
    moment = datetime.datetime(2026, 5, 4, 3, 2, 1, 7, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "text": pa.array(["a", "b"]),
            "id": pa.array([7, 8], pa.int32()),
            "small": pa.array([1, None], pa.int8()),
            "half": pa.array([0.5, 2.0], pa.float32()),
            "yes": pa.array([True, None]),
            "at": pa.array([moment, None], pa.timestamp("ns", tz="Asia/Tokyo")),
            "day": pa.array([moment.date(), None]),
            "raw": pa.array([b"\xff", None], pa.binary(1)),
            "name": pa.array(["é", None]).dictionary_encode(),
        }
    )
    data = write(table)
    names = ("small", "half", "yes", "at", "day", "raw", "name")
    plain = ReadConfig(id_field="id", keep_fields=names)
    (split,) = cut(data, plain)
    columns, types = FORMAT.sample_fields(split, io.BytesIO(data), plain)
    assert columns == ("text", "id", *names)
    assert types == ("int64", "float64", "bool", "timestamp", "date", "bytes", "string")
    typed = tuple(f"{name}:{type_}" for name, type_ in zip(names, types, strict=True))
    rows, _ = read(data, ReadConfig(id_field="id", keep_fields=typed))
    assert rows["id"] == ["7", "8"]
    first = [rows[f"fields.{name}"][0] for name in names]
    assert first == [1, 0.5, True, moment, moment.date(), b"\xff", "é"]
    assert [rows[f"fields.{name}"][1] for name in names] == [None, 2.0, *[None] * 5]


def test_what_no_type_holds_is_kept_as_text() -> None:
    table = pa.table(
        {
            "text": ["a", "b"],
            "large": pa.array([2**63, 1], pa.uint64()),
            "price": pa.array([decimal.Decimal("1.50"), None]),
            "time": pa.array([datetime.time(1, 2, 3), None], pa.time32("s")),
            "span": pa.array([datetime.timedelta(seconds=2), None], pa.duration("ms")),
        }
    )
    data = write(table)
    names = ("large", "price", "time", "span")
    plain = ReadConfig(id_field="large", keep_fields=names)
    (split,) = cut(data, plain)
    assert FORMAT.sample_fields(split, io.BytesIO(data), plain).types == ("string",) * 4
    rows, _ = read(data, plain)
    assert rows["reason"] == [None, None]
    assert rows["id"] == [str(2**63), "1"]
    assert [rows[f"fields.{name}"][0] for name in names] == [
        str(2**63),
        "1.50",
        "01:02:03.000",
        "2000",
    ]
    assert [rows[f"fields.{name}"][1] for name in names] == ["1", None, None, None]


@pytest.mark.parametrize("type_", [pa.binary(), pa.large_binary(), pa.binary_view()])
@pytest.mark.parametrize("packed", [False, True])
def test_text_that_is_stored_as_bytes_is_read(type_: pa.DataType, packed: bool) -> None:
    column = pa.array(["é".encode(), b"\xff", None, b"the cat"], type_)
    packed = packed and type_ != pa.binary_view()
    column = column.dictionary_encode() if packed else column
    table = pa.table({"text": column, "id": column, "b": column})
    rows, _ = read(write(table), ReadConfig(text_b_field="b", part_bytes=1024))
    assert rows["text"] == ["é".encode(), b"", b"", b"the cat"]
    assert rows["text_b"] == rows["text"]
    assert rows["reason"] == [None, "not_utf8", "wrong_type", None]
    ids, _ = read(write(table), ReadConfig(id_field="id"))
    assert ids["id"] == ["é", "a.parquet:1", "a.parquet:2", "the cat"]


def test_a_value_that_does_not_fit_its_type_rejects_its_row_alone() -> None:
    table = pa.table({"text": ["a", "b", "c"], "n": ["1", "two", None]})
    rows, _ = read(write(table), ReadConfig(keep_fields=("n:int64",)))
    assert rows["reason"] == [None, "wrong_type", None]
    assert rows["fields.n"] == [1, None, None]
    large = pa.table({"text": ["a", "b"], "n": pa.array([1, 2**63], pa.uint64())})
    assert read(write(large), ReadConfig(keep_fields=("n:int64",)))[0]["reason"][1] == "wrong_type"


def test_bad_rows_are_rejected_and_the_next_ones_read() -> None:
    raw = pa.array([b"fine", b"\xff", b"fine", b"fine", b"fine"]).view(pa.string())
    table = pa.table({"text": raw, "id": ["a", "b", None, "", "e"], "b": ["x"] * 4 + [None]})
    rows, _ = read(write(table), ReadConfig(id_field="id", text_b_field="b"))
    assert rows["reason"] == [None, "not_utf8", "wrong_type", "wrong_type", None]
    assert rows["id"] == ["a", "b", "a.parquet:2", "a.parquet:3", "e"]
    assert rows["text_b"] == [b"x", b"", b"", b"", b""]
    null, _ = read(write(pa.table({"text": pa.array(["a", None])})), ReadConfig())
    assert null["reason"] == [None, "wrong_type"]
    large, _ = read(write(pa.table({"text": ["a", "b" * 50]})), ReadConfig(max_document_bytes=9))
    assert large["reason"] == [None, "too_large"]


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"text_field": "body"}, "`text_field`: a.parquet has no column 'body'; it has text, list"),
        ({"text_field": "list"}, "`text_field`: column 'list' of a.parquet is list<.*, not text"),
        ({"text_field": "number"}, "column 'number' of a.parquet is double, not text"),
        ({"id_field": "number"}, "`id_field`: column 'number' .* is double, not text or integers"),
        ({"keep_fields": ("list",)}, "`keep_fields`: column 'list' .*, not a scalar"),
        ({"keep_fields": ("struct",)}, "`keep_fields`: column 'struct' .*, not a scalar"),
    ],
)
def test_columns_that_cannot_be_read_are_refused_by_name(settings_: dict, message: str) -> None:
    table = pa.table({"text": ["a"], "list": [["a"]], "number": [1.5], "struct": [{"a": 1}]})
    with pytest.raises(ValueError, match=message):
        cut(write(table), ReadConfig(**settings_))


def test_a_damaged_file_is_one_rejected_document_and_damage_within_costs_what_follows() -> None:
    assert read(b"no parquet", ReadConfig())[0]["reason"] == ["unreadable"]
    texts = np.random.default_rng(3).integers(0, 10**9, 20_000).astype(str).tolist()
    data = bytearray(write(pa.table({"text": texts}), compression="zstd", use_dictionary=False))
    place = len(data) * 3 // 4
    data[place : place + 64] = b"\0" * 64
    rows, _ = read(bytes(data), ReadConfig(part_bytes=4096))
    assert len(rows["text"]) == 20_000
    lost = rows["reason"].count("unreadable")
    assert lost > 0
    sound = 20_000 - lost
    assert [text.decode() for text in rows["text"][:sound]] == texts[:sound]


def test_a_failing_disk_is_no_damage() -> None:
    class Failing(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        FORMAT.cut(Source("a", 9, "1", "parquet"), lambda: Failing(b"x" * 99), ReadConfig())


def test_a_beginning_is_read_alone() -> None:
    data = write(pa.table({"text": [str(n) for n in range(5000)]}), 1000)
    split = cut(data, ReadConfig(part_bytes=1024))[2]
    few = Split(split.source, split.start, split.start + 10, stored=9)
    (part,) = FORMAT.read(few, io.BytesIO(data), ReadConfig())
    assert part.documents.column("text").to_pylist() == [
        str(split.start + n).encode() for n in range(10)
    ]


def test_flags_for_text_are_refused() -> None:
    with pytest.raises(ValueError, match="`encoding` is for text"):
        FORMAT.check(ReadConfig(encoding="cp1252"))
