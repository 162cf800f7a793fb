import decimal
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sources import json_values
from transforms.sources.base import ReadConfig
from transforms.sources.record_fields import Record

# What programs write, and a strict parser refuses.
NOT_STANDARD = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "1e400": "1e400",
    "9" * 400: "9" * 40,
    "9" * 5000: "9" * 40,
    '"a\\ud800"': "a lone surrogate",
    '"\\udc00\\ud800"': "a lone surrogate",
}


def record(text: str, *kept: str, **config: object) -> Record:
    return json_values.to_record(text.encode(), ReadConfig(keep_fields=kept, **config))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_an_integer_has_the_digits_of_the_float_that_is_written(number: float) -> None:
    read = record(f'{{"text": "a", "k": {number!r}}}', "k:int64")
    if read.reason is None:
        assert decimal.Decimal(repr(number)) == read.fields[0]
    else:
        assert not number.is_integer() or abs(number) >= 2**53


def test_a_float_that_is_nearly_an_integer_is_no_int64() -> None:
    read = record('{"text": "a", "k": 1.2345678901234568e18}', "k:int64")
    assert str(read.detail).startswith("field 'k' holds 1.2345678901234568e+18, no int64; ")
    assert record('{"text": "a", "k": 1.1e18}', "k:int64").fields == (11 * 10**17,)


@pytest.mark.parametrize("value", NOT_STANDARD)
def test_a_value_that_nobody_asked_for_costs_nothing(value: str) -> None:
    for unasked in (value, f"[{value}]", f'{{"a": [{value}]}}'):
        read = record(f'{{"text": "a", "n": 1, "k": {unasked}}}', "n:int64")
        assert (read.text, read.fields, read.reason) == ("a", (1,), None)
    assert record(f'{{"text": "a", {json.dumps(value)}: 1}}').reason is None


@pytest.mark.parametrize("value", NOT_STANDARD)
@pytest.mark.parametrize("type_", ["float64", "int64", "bytes", "timestamp"])
def test_a_value_that_was_asked_for_is_rejected_by_name(value: str, type_: str) -> None:
    read = record(f'{{"text": "a", "k": {value}}}', f"k:{type_}")
    assert read.reason is not None
    assert read.reason.value == "wrong_type"
    if type_ in ("float64", "int64"):
        assert f"field 'k' holds {NOT_STANDARD[value]}" in (read.detail or "")
    assert "field 'k' " in (read.detail or "")


@pytest.mark.parametrize("value", NOT_STANDARD)
def test_a_text_and_an_id_say_what_they_are(value: str) -> None:
    expected = (
        "a lone surrogate" if "u" in value else ("number", value)["I" in value or "N" in value]
    )
    text = record(f'{{"text": {value}}}')
    assert text.reason is not None
    assert f"field 'text' holds a JSON {expected}".replace("JSON a ", "") in str(text.detail)
    id_ = record(f'{{"text": "a", "id": {value}}}', id_field="id")
    if value != "9" * 400:
        assert id_.reason is not None
        assert f"field 'id' holds {NOT_STANDARD[value]}" in str(id_.detail)


def test_a_float_that_is_nearly_an_integer_is_no_id() -> None:
    for number, id_ in (("7.0", "7"), ("7.00000000000000000001", None)):
        assert record(f'{{"text": "a", "id": {number}}}', id_field="id").id == id_


@pytest.mark.parametrize("value", [value for value in NOT_STANDARD if value[0] != '"'])
def test_a_number_that_no_type_holds_is_kept_as_text_as_it_is_written(value: str) -> None:
    assert record(f'{{"text": "a", "k": {value}}}', "k:string").fields == (value,)
    nested = f'{{"b":[{value},1.5]}}'
    assert record(f'{{"text": "a", "k": {nested}}}', "k:string").fields == (nested,)


def test_a_nested_surrogate_is_rejected_by_name() -> None:
    read = record('{"text": "a", "k": ["\\ud800"]}', "k")
    assert "field 'k' holds a lone surrogate" in str(read.detail)


@pytest.mark.parametrize(
    ("number", "type_", "kept"),
    [
        ("0.10000000000000001", "float64", 0.1),
        ("0.1000000000000000055511151231257827", "float64", 0.1),
        ("3.14159265358979323846", "float64", None),
        ("3.14159265358979323846", "string", "3.14159265358979323846"),
        ("9007199254740993", "float64", None),
        ("9007199254740993", "int64", 9007199254740993),
        ("18446744073709551615", "string", "18446744073709551615"),
        ("18446744073709551615", "int64", None),
        ("1e-400", "float64", None),
        ("1e-400", "string", "1e-400"),
        ("0.0", "float64", 0.0),
        ("2.0", "int64", 2),
        ("2.5", "int64", None),
        ("1e400", "float32", None),
        ("1e39", "float32", None),
        ("0.1", "float32", 0.10000000149011612),
        ("0.1", "exact_float32", None),
        ("0.5", "exact_float32", 0.5),
    ],
)
def test_no_number_becomes_another_one(number: str, type_: str, kept: object) -> None:
    read = record(f'{{"text": "a", "k": {number}}}', f"k:{type_}")
    assert (read.fields, read.reason is None) == (
        ((kept,), True) if kept is not None else ((), False)
    )


@settings(deadline=None, max_examples=100)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 25))
def test_a_float_in_any_number_of_digits_is_itself_or_rejected(number: float, digits: int) -> None:
    for text in (repr(number), f"{number:.{digits}e}", f"{number:.17e}"):
        read = record(f'{{"text": "a", "k": {text}}}', "k:float64")
        if read.reason is None:
            assert f"{read.fields[0]:.{digits}e}" == f"{float(text):.{digits}e}"
    assert record(f'{{"text": "a", "k": {number!r}}}', "k:float64").fields == (number,)


@pytest.mark.parametrize(
    "text", ["{", "", "[1", '{"a": 1} {"a": 2}', "nan", '{"a": 01}', "{'a': 1}"]
)
def test_what_is_not_json_is_rejected(text: str) -> None:
    read = record(text)
    assert read.reason is not None
    assert read.reason.value == "bad_json"
    assert json_values.to_mapping(text.encode(), ReadConfig()) is None


def test_bytes_that_are_not_utf8_are_named_so() -> None:
    for raw in (b'{"text": "\xff"}', b'{"text": "\xed\xa0\x80"}', '{"text": "a"}'.encode("utf-16")):
        read = json_values.to_record(raw, ReadConfig())
        assert str(read.reason) == "Reason.NOT_UTF8"


def test_the_last_of_two_equal_names_counts_on_both_ways() -> None:
    for value in ("1.5", "NaN"):
        read = record(f'{{"text": "a", "text": "b", "x": {value}}}')
        assert read.text == "b"


def test_a_sample_has_the_values_that_documents_have() -> None:
    config = ReadConfig(keep_fields=("k",))
    for number in ("1.5", "3.14159265358979323846", "NaN"):
        sampled = json_values.to_mapping(f'{{"k": {number}}}'.encode(), config)
        assert sampled is not None
        kept = sampled["k"]
        assert getattr(kept, "text", repr(kept)) == number
