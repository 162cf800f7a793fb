"""Laws of nested kept fields: every value of JSON and of Arrow is kept, or rejected by name."""

import datetime
import json
import math
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import fields
from transforms.features import split_fields
from transforms.fields import (
    KeptField,
    WrongTypeError,
    json_text,
    nested_notation,
    nested_types,
)
from transforms.fields.kept_field import parse_fields
from transforms.rejects import Reason
from transforms.sources import json_values
from transforms.sources.base import ReadConfig
from transforms.sources.kept_columns import keep_column

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=12,
)
DAYS = st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31))
LEAVES = {
    pa.string(): TEXTS,
    pa.bool_(): st.booleans(),
    pa.int8(): st.integers(-128, 127),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False, allow_infinity=False),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False),
    pa.date32(): DAYS,
}
MARS = pa.timestamp("ns", "Mars/X")

# Objects of which a dict loses a value.
TWICE = (
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":1}',
    '[{"a":{"b":1,"c":3,"b":2}}]',
    '{"a":"\\":","a":"\\":"}',
    '{"b\\\\":1,"a" :1,"a":":"}',
)


@st.composite
def columns(draw: st.DrawFn) -> pa.Array:
    """Draw a column of lists, structs and maps of up to three levels, with nulls."""
    type_, values = draw(st.sampled_from(list(LEAVES.items())))
    for _ in range(draw(st.integers(1, 3))):
        values = values | st.none()
        kind = draw(st.sampled_from(["list", "struct", "map"]))
        if kind == "list":
            type_, values = pa.list_(type_), st.lists(values, max_size=3)
        elif kind == "struct":
            type_ = pa.struct([("a b", type_), ("c", pa.int16())])
            values = st.fixed_dictionaries({"a b": values, "c": st.none() | st.integers(0, 9)})
        else:
            type_ = pa.map_(pa.string(), type_)
            values = st.dictionaries(TEXTS, values, max_size=3).map(lambda one: list(one.items()))
    return pa.array(draw(st.lists(values | st.none(), max_size=4)), type_)


def as_json(value: Any, type_: pa.DataType) -> Any:
    """Return the value of JSON that a value of Arrow is."""
    if value is None:
        return None
    if pa.types.is_list(type_):
        return [as_json(one, type_.value_type) for one in value]
    if pa.types.is_map(type_):
        return {key: as_json(one, type_.item_type) for key, one in value}
    if pa.types.is_struct(type_):
        return {field.name: as_json(value[field.name], field.type) for field in type_}
    return value.isoformat() if isinstance(value, datetime.date) else value


@given(JSON)
def test_json_is_the_value_of_the_input(value: Any) -> None:
    raw = json.dumps({"text": "a", "k": value}).encode()
    config = ReadConfig(keep_fields=("k:json",))
    record = json_values.to_record(raw, config)
    assert record.reason is None
    (kept,) = record.fields
    assert (None if kept is None else json.loads(kept)) == value
    assert kept is None or "\n" not in kept


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1.0,"a":1.50,"c":1e5,"d":1E+400,"e":0.00001,"f":-0.0}',
        '{"n":123456789012345678901234567890,"u":18446744073709551615,"t":"é \\" \\\\"}',
        "[1.10,[],{},null,true]",
        '"a"',
        "12.50",
    ],
)
def test_json_stays_as_it_is_written(text: str) -> None:
    raw = f'{{"text": "a", "k": {text}}}'.encode()
    (kept,) = json_values.to_record(raw, ReadConfig(keep_fields=("k:json",))).fields
    assert kept == text


def pairs(text: str) -> Any:
    return json.loads(text, object_pairs_hook=list)


@pytest.mark.parametrize("text", TWICE)
def test_no_value_of_a_key_twice_is_lost(text: str) -> None:
    raw = f'{{"text": "a", "k": {text}, "n": {text}}}'.encode()
    for type_ in ("map<string,string>", "struct<a:string>", "list<string>", "string"):
        record = json_values.to_record(raw, ReadConfig(keep_fields=(f"k:{type_}",)))
        if type_ in ("string", "list<string>") and record.reason is None:
            (kept,) = record.fields
            kept = kept if type_ == "string" else f"[{kept[0]}]"
            assert pairs(kept) == pairs(text)
        else:
            assert record.reason == Reason.WRONG_TYPE
    assert json_values.to_record(raw, ReadConfig()).reason is None
    assert json_values.to_record(raw, ReadConfig(text_field="k")).reason == Reason.WRONG_TYPE
    assert fields.type_of(json_text.parse(text)) == "json"
    with pytest.raises(WrongTypeError, match="`keep_fields` k:string keeps it as text"):
        fields.parse_text(text, KeptField("k", "json"))


@pytest.mark.parametrize("text", ["NaN", '{"a":[Infinity]}', r'["\ud800"]', *TWICE])
def test_what_json_does_not_have_is_rejected_by_name(text: str) -> None:
    raw = f'{{"text": "a", "k": {text}}}'.encode()
    record = json_values.to_record(raw, ReadConfig(keep_fields=("k:json",)))
    assert (record.reason, "field 'k'" in str(record.detail)) == (Reason.WRONG_TYPE, True)


@given(columns())
def test_a_column_is_kept_as_it_is(column: pa.Array) -> None:
    type_ = str(nested_types.from_arrow(column.type))
    kept, problems = keep_column(column, KeptField("k", type_))
    assert not problems
    assert kept.equals(column)
    assert str(nested_notation.parse(type_)) == type_


@given(columns())
def test_a_column_is_the_same_value_as_json(column: pa.Array) -> None:
    kept, problems = keep_column(column, KeptField("k", "json"))
    assert not problems
    values = [None if text is None else json.loads(text) for text in kept.to_pylist()]
    assert values == [as_json(value, column.type) for value in column.to_pylist()]


@given(columns(), st.data())
def test_a_slice_is_kept_as_its_rows(column: pa.Array, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(column)))
    for type_ in (str(nested_types.from_arrow(column.type)), "json"):
        whole = keep_column(column, KeptField("k", type_)).column
        assert keep_column(column.slice(start), KeptField("k", type_)).column.equals(
            whole.slice(start)
        )


@given(st.lists(st.none() | st.lists(st.none() | st.integers(-200, 200), max_size=3), max_size=5))
def test_a_list_with_a_value_of_another_type_is_null_and_named(values: list[Any]) -> None:
    column = pa.array(values, pa.list_(pa.int16()))
    for type_, holds in (
        ("list<int8>", lambda one: one is None or -128 <= one < 128),
        ("list<uint8 not null>", lambda one: one is not None and 0 <= one < 256),
        ("list<bool>", lambda one: one is None),
    ):
        kept, problems = keep_column(column, KeptField("k", type_))
        fits = [value is None or all(map(holds, value)) for value in values]
        assert kept.to_pylist() == [
            value if is_kept else None for value, is_kept in zip(values, fits, strict=True)
        ]
        wrong = [row for rows, _ in problems for row in rows.nonzero()[0]]
        assert wrong == [row for row, is_kept in enumerate(fits) if not is_kept]


@pytest.mark.parametrize(
    ("value", "type_", "kept"),
    [
        ([1, 2.0], "list<int64>", [1, 2]),
        ([1, None], "list<int64>", [1, None]),
        (["a", 1], "list<string>", ["a", "1"]),
        ({"a": 1}, "struct<a:int8,b:string>", {"a": 1, "b": None}),
        ({"a": [1]}, "map<string,list<int64>>", [("a", [1])]),
        ([[1.5], []], "list<list<float64>>", [[1.5], []]),
        ([2**63 - 1], "list<int64>", [2**63 - 1]),
    ],
)
def test_a_value_of_json_has_the_type_that_is_asked_for(value: Any, type_: str, kept: Any) -> None:
    field = KeptField("k", type_)
    assert fields.keep(value, field) == kept
    assert fields.column([kept, None], field).type == field.arrow
    assert fields.parse_text(orjson.dumps(value).decode(), field) == kept


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ([1, "a"], "list<int64>"),
        ([True], "list<int64>"),
        ([2**63], "list<int64>"),
        ([None], "list<int64 not null>"),
        (1, "list<int64>"),
        ({"a": 1, "b": 2}, "struct<a:int64>"),
        ({"a": 200}, "struct<a:int8>"),
        ([1], "map<string,int64>"),
        (["\ud800"], "list<string>"),
        ([2**53 + 1], "list<float64>"),
        ([1.2345678901234568e18], "list<int64>"),
        ([0.1], "list<exact_float32>"),
        ([math.inf], "list<int64>"),
    ],
)
def test_a_value_that_does_not_fit_is_rejected_with_the_remedy(value: Any, type_: str) -> None:
    with pytest.raises(WrongTypeError, match=r"field 'k' is no .*; `keep_fields` k:json keeps it"):
        fields.keep(value, KeptField("k", type_))


def test_a_key_twice_and_bytes_are_rejected_where_json_has_none() -> None:
    twice = pa.array([[("a", 1), ("a", 2)], [("a", 1)]], pa.map_(pa.string(), pa.int64()))
    kept, problems = keep_column(twice, KeptField("k", "json"))
    assert kept.to_pylist() == [None, '{"a":1}']
    assert [rows.tolist() for rows, _ in problems] == [[True, False]]
    raw = pa.array([[b"\xff"], ["é".encode()]], pa.list_(pa.binary()))
    kept, problems = keep_column(raw, KeptField("k", "json"))
    assert kept.to_pylist() == [None, '["é"]']
    assert "which JSON does not have" in problems[0][1]
    nan = pa.array([{"a": math.nan}, {"a": 0.5}])
    assert keep_column(nan, KeptField("k", "json")).column.to_pylist() == [None, '{"a":0.5}']
    assert keep_column(nan, KeptField("k", "string")).column.to_pylist()[0] == '{"a":NaN}'


def test_a_map_whose_keys_are_no_text_is_a_list_of_pairs() -> None:
    column = pa.array([[(2, "a"), (1, None)], None], pa.map_(pa.int32(), pa.string()))
    kept = keep_column(column, KeptField("k", "json")).column
    assert kept.to_pylist() == ['[[2,"a"],[1,null]]', None]


@pytest.mark.parametrize(
    ("texts", "type_"),
    [
        (["list<int64>", "list<int64 not null>"], "list<int64>"),
        (["list<int8>", "list<uint32>"], "list<int64>"),
        (["list<int8>", "list<uint64>"], "json"),
        (["list<null not null>", "list<string not null>"], "list<string not null>"),
        (["struct<a:int8>", "struct<b:string>"], "struct<a:int8,b:string>"),
        (["struct<a:int8>", "list<int8>"], "json"),
        (["list<string>", "string"], "json"),
        (["map<string,int8>", "map<string,float64>"], "map<string,float64>"),
    ],
)
def test_files_of_several_types_have_one_that_holds_them(texts: list[str], type_: str) -> None:
    assert fields.common_type(texts) == type_


@pytest.mark.parametrize("text", ["k:list<strng>", "k:list<", "k:struct<a>", "k:array<int64>"])
def test_a_type_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="`keep_fields` k:"):
        parse_fields([text])


@given(st.lists(st.text("ab:,<>\"' ", max_size=6), max_size=4))
def test_names_without_types_are_split_at_every_comma(names: list[str]) -> None:
    text = ",".join(names)
    assert list(split_fields(text)) == [one.strip() for one in text.split(",") if one.strip()]


@given(JSON)
def test_written_json_is_one_line_and_parses_again(value: Any) -> None:
    text = json_text.write(value)
    assert json.loads(text) == value
    assert json_text.write(json_text.parse(text)) == text


@pytest.mark.parametrize(
    "type_",
    [
        r'struct<"\ud800":int64>',
        "map<null,null>",
        "list<decimal64(18,20)>",
        "list<decimal128(5,-99999999999)>",
        "list<fixed_size_binary[999999999]>",
    ],
)
def test_a_type_that_parquet_does_not_have_is_refused_before_the_job(type_: str) -> None:
    with pytest.raises(ValueError, match=r"`keep_fields` k:.* (is not a type|does not have this)"):
        parse_fields([f"k:{type_}"])


@pytest.mark.parametrize(
    "type_",
    [
        "list<timestamp[ns,{}]>",
        "struct<a:int64,b:list<struct<c:timestamp[us,{}]>>>",
        "map<timestamp[ms,{}],bool>",
        "map<string,list<timestamp[ns,{}] not null>>",
    ],
)
def test_a_time_zone_that_does_not_exist_is_refused_wherever_a_type_names_it(type_: str) -> None:
    for zone, remedy in [
        ("Mars/X", "give one such as UTC"),
        ("Europe/Berln", "did you mean Europe/Berlin?"),
        ("utc", "there is no time zone 'utc'"),
        ("+25:00", "there is no time zone '+25:00'"),
    ]:
        with pytest.raises(
            ValueError, match=r"^`keep_fields` k:.*: there is no time zone"
        ) as caught:
            parse_fields([f"k:{type_.format(zone)}"])
        assert remedy in str(caught.value)
    for zone in ("UTC", "Europe/Berlin", "+05:30"):
        assert str(parse_fields([f"k:{type_.format(zone)}"])[0]) == f"k:{type_.format(zone)}"


def test_moments_of_a_column_whose_zone_is_unknown_are_kept_in_utc() -> None:
    column = pa.array([[{"at": 5}, None], None], pa.list_(pa.struct([("at", MARS)])))
    type_ = nested_types.from_arrow(column.type)
    assert str(type_) == "list<struct<at:timestamp[ns,UTC]>>"
    kept, problems = keep_column(column, KeptField("k", str(type_)))
    assert not problems
    utc = pa.list_(pa.struct([("at", pa.timestamp("ns", "UTC"))]))
    assert kept.equals(pa.array([[{"at": 5}, None], None], utc))
