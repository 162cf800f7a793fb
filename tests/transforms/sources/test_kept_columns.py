"""What is kept of every Arrow type, read from a Parquet file."""

import io
import math
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tests.transforms.sources.arrow_values import CASES, NESTED, UNWRITABLE, WRONG
from transforms import fields
from transforms.documents import Source, Split
from transforms.features import FIELD_TYPES
from transforms.fields import KeptField, arrow_types
from transforms.sources.base import ReadConfig, SampledFields
from transforms.sources.kept_columns import keep_column
from transforms.sources.parquet import FORMAT

KEPT = KeptField("k", "string")


def file_of(column: pa.Array) -> bytes:
    sink = io.BytesIO()
    table = pa.table({"text": ["a"] * len(column), "k": column})
    parquet.write_table(table, sink, version="2.6")
    return sink.getvalue()


def split_of(data: bytes) -> Split:
    (split,) = FORMAT.cut(
        Source("a.parquet", len(data), "1", "parquet"), lambda: io.BytesIO(data), ReadConfig()
    )
    return split


def sampled(data: bytes, *kept: str) -> SampledFields:
    return FORMAT.sample_fields(split_of(data), io.BytesIO(data), ReadConfig(keep_fields=kept))


def kept_values(data: bytes, type_: str) -> list[Any]:
    config = ReadConfig(keep_fields=(f"k:{type_}",))
    (part,) = FORMAT.read(split_of(data), io.BytesIO(data), config)
    rows = part.documents.to_pydict()
    for reason, detail in zip(rows["reason"], rows["detail"], strict=True):
        assert reason in (None, "wrong_type")
        assert reason is None or "field 'k' " in detail
    assert part.documents.schema.field("fields.k").type == KeptField("k", type_).arrow
    pairs = zip(rows["fields.k"], rows["reason"], strict=True)
    return [value if reason is None else WRONG for value, reason in pairs]


@pytest.mark.parametrize("name", CASES)
def test_every_type_has_its_outcome(name: str) -> None:
    column, kept = CASES[name]
    data = file_of(column)
    for type_, expected in kept.items():
        assert kept_values(data, type_) == [*expected, None], type_


@pytest.mark.parametrize("name", CASES)
def test_the_automatic_type_holds_the_sample(name: str) -> None:
    column, kept = CASES[name]
    data = file_of(column)
    (type_,) = sampled(data, "k").types
    first = next(iter(kept))
    assert type_ == ("string" if WRONG in kept[first] else first)
    assert WRONG not in kept_values(data, type_)


@pytest.mark.parametrize("name", CASES)
def test_a_type_that_a_column_never_has_is_found_before_the_job(name: str) -> None:
    column, kept = CASES[name]
    data = file_of(column)
    for type_ in FIELD_TYPES:
        problems = sampled(data, f"k:{type_}").problems
        if problems:
            assert type_ not in kept
            assert problems[0].startswith(f"`keep_fields` k:{type_}: column 'k' of a.parquet is ")
            assert set(kept_values(data, type_)) <= {WRONG, None}
        else:
            assert type_ in arrow_types.kind_of(column.type).asked


@pytest.mark.parametrize("type_", UNWRITABLE, ids=str)
def test_a_type_that_cannot_be_kept_is_of_no_kind(type_: pa.DataType) -> None:
    assert arrow_types.kind_of(type_) is None
    assert arrow_types.type_of_arrow(type_) is None
    with pytest.raises(ValueError, match=f"`keep_fields` k: the column is {re.escape(str(type_))}"):
        keep_column(pa.nulls(1, type_), KEPT)


@pytest.mark.parametrize("type_", NESTED, ids=str)
def test_a_nested_column_has_a_type_that_keeps_it(type_: pa.DataType) -> None:
    storage = getattr(type_, "storage_type", type_)
    values: list[Any] = [[1, 2], None]
    text = "[1,2]"
    if pa.types.is_struct(storage):
        values, text = [{"a": 1}, None], '{"a":1}'
    elif pa.types.is_map(storage):
        values, text = [[("a", 1)], None], '{"a":1}'
    column = pa.array(values, storage)
    if storage is not type_:
        column = pa.ExtensionArray.from_storage(type_, column)
    data = file_of(column)
    (found,) = sampled(data, "k").types
    assert kept_values(data, found) == values
    texts = [value and text for value in values]
    assert kept_values(data, "json") == kept_values(data, "string") == texts
    assert sampled(data, "k:int64").problems != ()


@pytest.mark.parametrize("type_", FIELD_TYPES)
def test_a_column_of_nulls_has_any_type(type_: str) -> None:
    for column in (pa.nulls(2), pa.nulls(2, pa.list_(pa.int8())), pa.nulls(2, pa.int32())):
        data = file_of(column)
        assert sampled(data, "k").types == ("",)
        assert sampled(data, f"k:{type_}").problems == ()
        assert kept_values(data, type_) == [None, None]


def test_the_cases_have_every_type_that_parquet_can_have() -> None:
    """A type that a new release of Arrow adds needs an outcome."""
    types = [*(case.column.type for case in CASES.values()), *NESTED, *UNWRITABLE]
    tested = {type_.id for type_ in types}
    names = {name for name in dir(pa.lib) if name.startswith("Type_")}
    untested = {name for name in names if getattr(pa.lib, name) not in tested}
    # Intervals of other kinds have no type in Python; the number of types is no type.
    assert untested <= {"Type_NA", "Type_INTERVAL_MONTHS", "Type_INTERVAL_DAY_TIME"}


@pytest.mark.parametrize("name", ["int64", "string", "binary", "double", "nanoseconds"])
def test_a_dictionary_is_its_values(name: str) -> None:
    column, kept = CASES[name]
    for type_, expected in kept.items():
        converted, problems = keep_column(column.dictionary_encode(), KeptField("k", type_))
        values = [None if value is WRONG else value for value in expected]
        assert converted.to_pylist() == [*values, None]
        assert bool(problems) == (WRONG in expected)


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()))
def test_a_timestamp_of_any_size_is_itself_or_wrong(numbers: list[int | None]) -> None:
    for unit in ("s", "ms", "us", "ns"):
        column = pa.array(numbers, pa.int64()).view(pa.timestamp(unit))
        kept, _ = keep_column(column, KeptField("k", "timestamp"))
        scale = {"s": 10**6, "ms": 1000, "us": 1, "ns": 1 / 1000}[unit]
        for number, moment in zip(numbers, kept.cast(pa.int64()).to_pylist(), strict=True):
            assert moment is None or (number is not None and moment == number * scale)
        texts, problems = keep_column(column, KEPT)
        assert texts.is_valid().to_pylist() == [number is not None for number in numbers]
        assert not problems
        distinct = [text for text in texts.to_pylist() if text is not None]
        assert len(set(distinct)) == len({number for number in numbers if number is not None})


def test_timestamps_of_spark_do_not_overflow() -> None:
    column = pa.array([253_402_300_799_000_000, None], pa.int64()).view(pa.timestamp("us"))
    sink = io.BytesIO()
    table = pa.table({"text": ["a", "b"], "k": column})
    parquet.write_table(table, sink, use_deprecated_int96_timestamps=True)
    (last, _) = kept_values(sink.getvalue(), "string")
    assert last == "9999-12-31T23:59:59.000000"


@given(st.lists(st.floats(width=32) | st.none()))
def test_the_text_of_a_float32_gives_the_same_float32(numbers: list[float | None]) -> None:
    texts, _ = keep_column(pa.array(numbers, pa.float32()), KEPT)
    for number, text in zip(numbers, texts.to_pylist(), strict=True):
        assert (number is None) == (text is None)
        if number is not None:
            again = float(pa.array([float(text)], pa.float64()).cast(pa.float32())[0].as_py())
            assert again == number or (math.isnan(again) and math.isnan(number))


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)))
def test_text_and_decimals_of_one_number_are_kept_alike(texts: list[str]) -> None:
    for type_ in ("int64", "float64", "float32", "exact_float32"):
        kept, _ = keep_column(pa.array(texts, pa.string()), KeptField("k", type_))
        assert kept.type == fields.COLUMN_TYPES[type_].memory
        assert len(kept) == len(texts)
