"""Kept fields of every type, from a part to its records and back."""

import dataclasses
import datetime
import decimal
import io
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.transforms.embedded_documents import CONFIG, WIDTHS, batch_of
from transforms import fields
from transforms.features import FIELD_TYPES
from transforms.fields import KeptField
from transforms.records import record_files
from transforms.records.output_format import find
from transforms.records.record_config import RecordConfig

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
# By type: values, and what readers of both formats return.
VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "string": (["a", "é"], [b"a", "é".encode()]),
    "int64": ([-(2**63), 2**53 + 1], [-(2**63), 2**53 + 1]),
    "float64": ([0.5, -math.inf], [0.5, -math.inf]),
    "float32": ([0.5, np.float32(0.1)], [0.5, float(np.float32(0.1))]),
    "exact_float32": ([0.5, np.float32(0.1)], [0.5, float(np.float32(0.1))]),
    "bool": ([True, False], [1, 0]),
    "bytes": ([b"\xff", b""], [b"\xff", b""]),
    "timestamp": (
        [MOMENT, datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)],
        [b"2024-01-02T03:04:05.000006Z", b"0001-01-01T00:00:00.000000Z"],
    ),
    "date": (
        [datetime.date(9999, 12, 31), datetime.date(1, 1, 1)],
        [b"9999-12-31", b"0001-01-01"],
    ),
    "json": (['{"a":[1]}', '"é"'], [b'{"a":[1]}', '"é"'.encode()]),
}


def stored(values: list[Any], type_: str, format_: str, family: str = "pooled") -> list[Any]:
    """Return the field as a reader of records returns it."""
    field = KeptField("k", type_)
    config: RecordConfig = dataclasses.replace(
        CONFIG, format=format_, keep_fields=(str(field),), keep_fields_in="all"
    )
    batch = batch_of(len(values))
    column = fields.column(values, field)
    batch = batch.set_column(batch.schema.get_field_index("fields.k"), "fields.k", column)
    encoded = b"".join(block for block, _ in record_files.encode(batch, family, config))
    reader = record_files.reader(family, config, WIDTHS)
    return [row["k"] or [] for part in reader.read(io.BytesIO(encoded)) for row in part.to_pylist()]


@pytest.mark.parametrize("format_", ["tfrecord", "parquet"])
@pytest.mark.parametrize("family", ["pooled", "sequence"])
@pytest.mark.parametrize("type_", FIELD_TYPES)
def test_a_value_of_every_type_is_read_back(type_: str, family: str, format_: str) -> None:
    values, expected = VALUES[type_]
    rows = stored([*values, None], type_, format_, family)
    assert rows == [*([value] for value in expected), []]


def test_parquet_keeps_each_float_exactly_and_tf_examples_never_change_one() -> None:
    numbers = [0.1, 1e300, 5e-324, math.nan, math.inf]
    read = [value for (value,) in stored(numbers, "float64", "parquet")]
    assert list(map(repr, read)) == list(map(repr, numbers))
    for number in (0.1, 1e300, 5e-324, 16777217.0):
        with pytest.raises(
            ValueError, match=r"`keep_fields` k:float64: float32, which tf.Examples"
        ):
            stored([number], "float64", "tfrecord")
    ((nan,),) = stored([math.nan], "float64", "tfrecord")
    assert math.isnan(nan)


def test_the_columns_of_parquet_have_the_types_of_the_registry() -> None:
    for type_ in FIELD_TYPES:
        config = dataclasses.replace(CONFIG, format="parquet", keep_fields=(f"k:{type_}",))
        schema = config.file_format.schema_content("pooled", config, WIDTHS)
        field = parquet.read_schema(pa.BufferReader(schema)).field("k")
        assert field.type == fields.COLUMN_TYPES[type_].parquet


NESTED = {
    "list<int8>": ([[1, None], None, []], [[1, None], [], []]),
    "list<uint64 not null>": ([[2**64 - 1]], [[2**64 - 1]]),
    "list<bool>": ([[True, False]], [[1, 0]]),
    "list<bytes>": ([[b"\xff", b""]], [[b"\xff", b""]]),
    "list<timestamp>": ([[MOMENT]], [[b"2024-01-02T03:04:05.000006Z"]]),
    "list<timestamp[ms]>": ([[datetime.datetime(2024, 1, 2)]], [[b"2024-01-02T00:00:00.000"]]),
    "list<time32[ms]>": ([[datetime.time(1, 2, 3)]], [[b"01:02:03.000"]]),
    "list<duration[s]>": ([[datetime.timedelta(0, 90)]], [[b"PT90S"]]),
    "list<decimal128(9,2)>": ([[decimal.Decimal("1.20")]], [[b"1.20"]]),
    "list<fixed_size_binary[2]>": ([[b"ab"]], [[b"ab"]]),
    "list<float16>": ([[0.5]], [[0.5]]),
    "list<null>": ([[None], []], [[None], []]),
    "list<list<int8>>": ([[[1], None], None], [[b"[[1],null]"], []]),
    "struct<a:date>": ([{"a": datetime.date(2024, 1, 2)}], [[b'{"a":"2024-01-02"}']]),
    "map<string,float64>": ([[("a", 0.1)]], [[b'{"a":0.1}']]),
}


@pytest.mark.parametrize("family", ["pooled", "sequence"])
@pytest.mark.parametrize("type_", NESTED)
def test_nested_values_of_parquet_are_read_as_lists_and_json(type_: str, family: str) -> None:
    values, expected = NESTED[type_]
    assert stored(values, type_, "parquet", family) == expected


@pytest.mark.parametrize("type_", NESTED)
def test_the_lists_of_a_tf_example_are_those_of_its_types(type_: str) -> None:
    values, _ = NESTED[type_]
    held = KeptField("k", find("tfrecord").held_type(type_))
    assert held.scalars in ("", *FIELD_TYPES)
    assert find("tfrecord").held_type(str(held.type)) == held.type
    if held.type == type_:
        assert stored(values, type_, "tfrecord") == values
