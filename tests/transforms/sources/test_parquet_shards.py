"""Shards of one table, of which writers give some another schema: empty, all null, other types."""

import decimal
import io
import uuid

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from tests.transforms.decoding import hostile_parquet
from tests.transforms.decoding.hostile_parquet import write
from transforms.documents import Source, Split
from transforms.sources import base
from transforms.sources.base import ReadConfig, SampledFields

FORMAT = base.find("parquet")
NO_TYPE = {"id": pa.array([1, 2]), "text": pa.nulls(2)}


def cut(data: bytes, config: ReadConfig) -> list[Split]:
    source = Source("a.parquet", len(data), "1", "parquet")
    return FORMAT.cut(source, lambda: io.BytesIO(data), config)


def read(data: bytes, **settings: object) -> list[dict]:
    config = ReadConfig(**settings)
    splits = cut(data, config)
    parts = [part for split in splits for part in FORMAT.read(split, io.BytesIO(data), config)]
    return [row for part in parts for row in part.documents.to_pylist()]


def sample(data: bytes, config: ReadConfig) -> SampledFields:
    (split,) = cut(data, config)
    return FORMAT.sample_fields(split, io.BytesIO(data), config)


@pytest.mark.parametrize(
    "table",
    [
        pa.table({}),
        pa.table({"text": pa.array([], pa.string())}),
        pa.table({"text": pa.nulls(0), "id": pa.array([], pa.float64())}),
        pa.table({"other": pa.array([], pa.list_(pa.int8()))}),
    ],
    ids=lambda table: str(table.schema.names),
)
def test_a_file_without_rows_is_empty_whatever_its_columns_are(table: pa.Table) -> None:
    assert cut(write(table), ReadConfig(id_field="id", keep_fields=("k",))) == []


def test_a_file_whose_footer_alone_claims_rows_is_not_empty() -> None:
    empty = write(pa.table({"text": pa.array([], pa.string())}))
    (row,) = read(hostile_parquet.claim(empty, lambda footer: footer.num_rows, 5))
    assert row["reason"] == "unreadable"
    assert "its footer claims 5 rows, its row groups none" in row["detail"]


def test_a_file_with_a_type_that_arrow_does_not_read_is_refused() -> None:
    file = io.BytesIO()
    pl.DataFrame({"text": ["a"], "n": pl.Series([1], dtype=pl.Int128)}).write_parquet(file)
    with pytest.raises(
        ValueError, match=r"^`input` a.parquet: Arrow does not read .*64 bits.*: write it"
    ):
        cut(file.getvalue(), ReadConfig())


def test_a_file_with_rows_must_have_the_columns() -> None:
    data = write(pa.table({"other": [1]}))
    with pytest.raises(ValueError, match=r"a\.parquet has no column 'text'; it has other$"):
        cut(data, ReadConfig())


# pandas writes a category without values as double, and DuckDB a NULL as int32.
@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(2),
        pa.nulls(2, pa.string()),
        pa.nulls(2, pa.float64()),
        pa.nulls(2, pa.int32()),
        pa.nulls(2, pa.dictionary(pa.int32(), pa.string())),
        pa.nulls(2, pa.timestamp("us")),
    ],
    ids=lambda column: str(column.type),
)
@pytest.mark.parametrize("group", [1, 2])
def test_texts_that_are_all_null_are_rejected_as_nulls(column: pa.Array, group: int) -> None:
    data = write(pa.table({"text": column, "id": [1, 2]}), group)
    rows = read(data, id_field="id")
    assert [row["id"] for row in rows] == ["1", "2"]
    assert {row["detail"] for row in rows} == {"field 'text' holds a null"}
    second = read(write(pa.table({"text": ["a", "b"], "b": column}), group), text_b_field="b")
    assert [row["text_b"] for row in second] == [b"", b""]
    assert [row["reason"] for row in second] == [None, None]


def test_one_value_that_is_no_text_refuses_the_column() -> None:
    data = write(pa.table({"text": pa.array([None, None, 1.5])}), 1)
    with pytest.raises(ValueError, match=r"column 'text' of a\.parquet is double, not text"):
        cut(data, ReadConfig())
    without = write(pa.table({"text": pa.nulls(2, pa.int32())}), write_statistics=False)
    with pytest.raises(ValueError, match="is int32, not text"):
        cut(without, ReadConfig())


def test_values_that_the_statistics_deny_are_rejected() -> None:
    table = pa.table({"text": pa.array([5, None], pa.int64())})
    data = hostile_parquet.claim(
        write(table), lambda footer: footer.row_group(0).column(0).statistics.null_count, 2
    )
    rows = read(data)
    assert [row["reason"] for row in rows] == ["wrong_type", "wrong_type"]
    assert [row["detail"] for row in rows] == [
        "field 'text' holds a int64",
        "field 'text' holds a null",
    ]
    assert [row["text"] for row in rows] == [b"", b""]


def test_kept_fields_that_are_all_null_have_no_type_and_are_null() -> None:
    table = pa.table(
        {
            "text": ["a", "b"],
            "n": pa.nulls(2),
            "f": pa.nulls(2, pa.float64()),
            "l": pa.nulls(2, pa.list_(pa.int8())),
            "some": [1, None],
        }
    )
    names = ("n", "f", "some")
    assert sample(write(table), ReadConfig(keep_fields=names)).types == ("", "", "int64")
    types = ("string", "int64", "float64", "bool", "bytes", "timestamp", "date")
    for type_ in types:
        rows = read(write(table), keep_fields=(f"n:{type_}", f"f:{type_}"))
        assert [row["reason"] for row in rows] == [None, None]
        assert {row["fields.n"] for row in rows} | {row["fields.f"] for row in rows} == {None}


@pytest.mark.parametrize("column", [pa.nulls(2), pa.nulls(2, pa.float64())], ids=["null", "double"])
def test_ids_that_are_all_null_are_rejected(column: pa.Array) -> None:
    rows = read(write(pa.table({"text": ["a", "b"], "id": column})), id_field="id")
    assert [row["reason"] for row in rows] == ["wrong_type"] * 2
    assert [row["id"] for row in rows] == ["a.parquet:0", "a.parquet:1"]


def test_ids_are_whole_numbers_of_any_type() -> None:
    columns = {
        "float": pa.array([1.0, None, 2.5, 2.0**53]),
        "price": pa.array([decimal.Decimal(text) for text in ("1.00", "2.00", "2.50", "4.00")]),
        "uuid": pa.array([uuid.UUID(int=number).bytes for number in range(4)], pa.uuid()),
        "small": pa.array(np.arange(4, dtype=np.uint8)),
    }
    data = write(pa.table({"text": ["t"] * 4, **columns}))
    expected = {
        "float": ["1", None, None, None],
        "price": ["1", "2", None, "4"],
        "uuid": [str(uuid.UUID(int=number)) for number in range(4)],
        "small": ["0", "1", "2", "3"],
    }
    for name, ids in expected.items():
        rows = read(data, id_field=name)
        assert [row["id"] for row in rows] == [
            id_ or f"a.parquet:{number}" for number, id_ in enumerate(ids)
        ]
        assert [row["reason"] for row in rows] == [None if id_ else "wrong_type" for id_ in ids]


@pytest.mark.parametrize("type_", [pa.bool_(), pa.date32(), pa.timestamp("s"), pa.binary(16)])
def test_other_types_of_ids_are_refused(type_: pa.DataType) -> None:
    values = {pa.bool_(): True, pa.binary(16): b"x" * 16}
    column = pa.array([values.get(type_, 1)], type_)
    with pytest.raises(ValueError, match=r"`id_field`: column 'id' .*, not text or integers"):
        cut(write(pa.table({"text": ["a"], "id": column})), ReadConfig(id_field="id"))


@pytest.mark.parametrize(
    "type_",
    [pa.string(), pa.large_string(), pa.string_view(), pa.json_(), pa.binary(), pa.binary_view()],
    ids=str,
)
@pytest.mark.parametrize("packed", [False, True])
def test_shards_may_store_text_differently(type_: pa.DataType, packed: bool) -> None:
    column = pa.array(['"é"', None, '"b"']).cast(pa.binary())
    storage = type_.storage_type if isinstance(type_, pa.JsonType) else type_
    stored = column.cast(storage)
    if isinstance(type_, pa.JsonType):
        stored = pa.ExtensionArray.from_storage(type_, stored)
    elif packed:
        stored = column.cast(pa.large_binary()).dictionary_encode()
    # Columns in another order.
    table = pa.table({"extra": [1, 2, 3], "id": stored, "text": stored, "b": stored})
    rows = read(write(table), id_field="id", text_b_field="b")
    assert [row["text"] for row in rows] == ['"é"'.encode(), b"", b'"b"']
    assert [row["id"] for row in rows] == ['"é"', "a.parquet:1", '"b"']
    assert [row["text_b"] for row in rows] == [row["text"] for row in rows]


def test_a_file_that_was_not_cut_must_have_its_columns_when_it_is_read() -> None:
    data = write(pa.table({"other": ["a"]}))
    split = Split(Source("a.parquet", len(data), "1", "parquet"), 0, None)
    (part,) = FORMAT.read(split, io.BytesIO(data), ReadConfig())
    (detail,) = part.documents.column("detail").to_pylist()
    assert detail == (
        "the file cannot be read: `text_field`: a.parquet has no column 'text'; it has other"
    )


def test_a_byte_order_mark_in_a_name_is_reported() -> None:
    data = write(pa.table({"\ufefftext": ["a"], "id": [1]}))
    with pytest.raises(ValueError, match="no column 'text'") as error:
        cut(data, ReadConfig())
    assert str(error.value).endswith(
        "its first column is '\\ufefftext': a byte order mark belongs to its name; give "
        "`text_field` $'\\ufefftext' or rename it"
    )
    assert [row["text"] for row in read(data, text_field="\ufefftext")] == [b"a"]
