import datetime
import decimal
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import features, fields
from transforms.fields import JsonNumber, KeptField, WrongTypeError

VALUES = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "string": st.text(),
    "timestamp": st.datetimes(timezones=st.just(datetime.UTC)),
    "date": st.dates(),
}


@pytest.mark.parametrize("type_", VALUES)
def test_a_value_written_as_text_is_read_back(type_: str) -> None:
    field = KeptField("k", type_)

    @given(VALUES[type_])
    def law(value: object) -> None:
        text = value.isoformat() if hasattr(value, "isoformat") else str(value)
        assert fields.parse_text(text, field) == value
        assert fields.column([fields.keep(value, field)], field).to_pylist() == [value]

    law()


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        *[(1.5, "int64"), (True, "int64"), (2**63, "int64"), ("1", "int64"), ([1], "int64")],
        *[(1e300, "float32"), (0.1, "exact_float32"), (2**53 + 1, "float64"), (True, "float64")],
        *[(1, "bool"), ("x", "timestamp"), (3, "bytes"), (3, "timestamp"), (3.5, "date")],
        *[(float("nan"), "int64"), (float("inf"), "int64"), ([1], "bytes"), ("1", "bool")],
    ],
)
def test_a_value_of_another_type_is_refused_with_the_remedy(value: object, type_: str) -> None:
    why = r"field 'k' (is|holds .*,) no \w+(, but a number of an unknown unit)?; "
    with pytest.raises(WrongTypeError, match=f"{why}`keep_fields` k:string keeps it as text"):
        fields.keep(value, KeptField("k", type_))


def test_no_remedy_is_named_for_what_no_type_keeps() -> None:
    with pytest.raises(WrongTypeError, match=r"^field 'k' is no bytes$"):
        fields.keep([b"a", b"\xff"], KeptField("k", "bytes"))
    with pytest.raises(WrongTypeError, match="k:string keeps it as text"):
        fields.keep(["a", "b"], KeptField("k", "bytes"))


def test_a_number_without_a_unit_is_no_timestamp() -> None:
    for type_ in ("timestamp", "date"):
        with pytest.raises(WrongTypeError, match="a number of an unknown unit"):
            fields.keep(1_700_000_000, KeptField("k", type_))


@pytest.mark.parametrize("type_", ["float64", "float32", "exact_float32"])
def test_nan_and_infinities_are_values_of_floats(type_: str) -> None:
    for number, text in ((math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")):
        assert repr(fields.keep(number, KeptField("k", type_))) == repr(number)
        assert fields.keep(number, KeptField("k", "string")) == text
        assert fields.keep([number, 1.5], KeptField("k", "string")) == f"[{text},1.5]"


@given(st.floats(width=32))
def test_a_float32_is_exact_and_any_other_float_is_refused_or_rounded(number: float) -> None:
    (kept,) = fields.column(
        [fields.keep(number, KeptField("k", "exact_float32"))], KeptField("k", "exact_float32")
    ).to_pylist()
    assert repr(kept) == repr(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_rounded_only_if_that_is_asked_for(number: float) -> None:
    with np.errstate(over="ignore"):
        rounded = float(np.float64(number).astype(np.float32))
    if math.isinf(rounded):
        with pytest.raises(WrongTypeError):
            fields.keep(number, KeptField("k", "float32"))
    else:
        assert fields.keep(number, KeptField("k", "float32")) == rounded
    if rounded == number:
        assert fields.keep(number, KeptField("k", "exact_float32")) == number
    else:
        with pytest.raises(WrongTypeError) as error:
            fields.keep(number, KeptField("k", "exact_float32"))
        assert ("k:float32 rounds it" in str(error.value)) == math.isfinite(rounded)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e400"])
def test_rounding_is_no_remedy_for_what_it_rejects(text: str) -> None:
    for type_ in ("float32", "exact_float32"):
        with pytest.raises(WrongTypeError, match="no float32; `keep_fields` k:string keeps it as"):
            fields.keep(JsonNumber(text), KeptField("k", type_))
    with pytest.raises(WrongTypeError) as error:
        fields.keep(JsonNumber(text), KeptField("k", "exact_float32"))
    assert "rounds" not in str(error.value)


@given(st.integers())
def test_an_integer_is_a_float64_if_that_is_the_same_number(number: int) -> None:
    for keep, value in ((fields.keep, number), (fields.parse_text, str(number))):
        try:
            kept = keep(value, KeptField("k", "float64"))
        except WrongTypeError:
            assert abs(number) > 2**53
        else:
            assert int(kept) == number


MOMENTS = {
    "2024-01-02 03:04:05": "2024-01-02T03:04:05+00:00",
    "2024-01-02T03:04:05Z": "2024-01-02T03:04:05+00:00",
    "2024-01-02T03:04:05.123456+02:00": "2024-01-02T01:04:05.123456+00:00",
    "2024-01-02T03:04:05.123456000": "2024-01-02T03:04:05.123456+00:00",
    "2024-01-02 03:04:05.5+00": "2024-01-02T03:04:05.500000+00:00",
    "2024-01-02 03:04:05 +0100": "2024-01-02T02:04:05+00:00",
    "20240102T0304-01": "2024-01-02T04:04:00+00:00",
    "2024-01-02": "2024-01-02T00:00:00+00:00",
    "2024-W01-2": "2024-01-02T00:00:00+00:00",
}


@pytest.mark.parametrize("keep", [fields.keep, fields.parse_text])
def test_text_of_iso_8601_is_a_timestamp_and_a_date(keep: Callable) -> None:
    for text, moment in MOMENTS.items():
        assert keep(text, KeptField("k", "timestamp")).isoformat() == moment
    for text in ("2024-01-02", "2024-01-02 00:00:00", "2024-01-02T00:00:00Z"):
        assert keep(text, KeptField("k", "date")) == datetime.date(2024, 1, 2)


@pytest.mark.parametrize("keep", [fields.keep, fields.parse_text])
@pytest.mark.parametrize(
    "text",
    [
        *("1700000000", "2024-13-01", "02.01.2024", "01/02/2024", "yesterday", "nan"),
        *("2024-01-02T03:04:05.1234567", "0001-01-01T00:00:00+01:00", "+10000-01-01"),
        # Python would read these, some of them as another moment.
        *("2024-01-02+02:00", "2024-01-02-05:00", "20240102-0500", "2024-01-02x03:04", "2024-W01"),
        *(
            "2024-01-02T03.5",
            "2024-01-02T03:04,5",
            "2024-01-02T03:04:05\0",
            "2024-01-02\u202f03:04",
        ),
    ],
)
def test_other_text_is_no_timestamp_and_no_date(keep: Callable, text: str) -> None:
    for type_ in ("timestamp", "date"):
        with pytest.raises(WrongTypeError, match=f"field 'k' holds '.*', no {type_}"):
            keep(text, KeptField("k", type_))
    with pytest.raises(WrongTypeError):
        keep("2024-01-02 03:04:05", KeptField("k", "date"))


@pytest.mark.parametrize("text", ["1_000", "\u0661", "0x10", "1e3", "1.0", "--1", "1 000"])
def test_only_digits_are_an_integer(text: str) -> None:
    with pytest.raises(WrongTypeError):
        fields.parse_text(text, KeptField("k", "int64"))


@pytest.mark.parametrize("text", ["1_0.5", "inf", "-Infinity", "NaN", "0x1p3", "1e", ".", "1e999"])
def test_only_decimal_notation_is_a_float(text: str) -> None:
    for type_ in ("float64", "float32", "exact_float32"):
        with pytest.raises(WrongTypeError):
            fields.parse_text(text, KeptField("k", type_))


def test_bytes_are_text_only_if_they_are_utf8() -> None:
    assert fields.keep("ä".encode(), KeptField("k", "string")) == "ä"
    assert fields.keep("ä", KeptField("k", "bytes")) == "ä".encode()
    with pytest.raises(WrongTypeError, match="not UTF-8, no text; `keep_fields` k:bytes keeps"):
        fields.keep(b"\xff", KeptField("k", "string"))
    with pytest.raises(WrongTypeError, match="field 'k' holds several values, of which some are"):
        fields.keep([b"\xff", "a"], KeptField("k", "string"))


@pytest.mark.parametrize("type_", ["int64", "float64", "bool", "timestamp", "date"])
def test_blank_text_is_null_and_invalid_text_is_refused(type_: str) -> None:
    assert fields.parse_text(" ", KeptField("k", type_)) is None
    assert fields.keep(None, KeptField("k", type_)) is None
    for text in ("nonsense", "nan", "9" * 40 if type_ != "float64" else "1e999"):
        with pytest.raises(WrongTypeError, match="`keep_fields` k:string keeps it as text"):
            fields.parse_text(text, KeptField("k", type_))


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        *[("0", "int64"), ("-12", "int64"), (" 7 ", "int64"), (str(-(2**63)), "int64")],
        *[("0.5", "float64"), ("-12.50", "float64"), ("3.0", "float64"), ("", ""), (" ", "")],
        *[
            (text, "string")
            for text in ("007", "+5", "-0", "1_000", "\u0663", "1 2", "0x1f", "1,5")
        ],
        *[(text, "string") for text in (str(2**63), "9" * 5000, "1.5e3", "1e5", ".5", "5.", "nan")],
        *[
            (text, "string")
            for text in ("0.1234567890123456", "00.5", "true", "2024-01-01", "1.2.3")
        ],
    ],
)
def test_a_number_is_what_its_digits_alone_tell(text: str, type_: str) -> None:
    assert fields.type_of_text(text) == type_


@pytest.mark.parametrize("text", ["007", "+5", "-0", "00", "5.0", "1e3"])
def test_text_that_would_lose_characters_is_no_integer(text: str) -> None:
    with pytest.raises(WrongTypeError, match="`keep_fields` k:string keeps it as text"):
        fields.parse_text(text, KeptField("k", "int64"))
    assert fields.parse_text(text, KeptField("k", "float64")) == float(text)


@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False).map("{:f}".format))
def test_text_that_is_taken_for_a_number_reads_as_that_number(value: object) -> None:
    text = str(value)
    type_ = fields.type_of_text(text)
    read = fields.parse_text(text, KeptField("k", type_))
    assert decimal.Decimal(repr(read).strip("'")) == decimal.Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        *("n:int32", "n:int", "n:uint8", "n:Int64", "n:integer", "n:float", "n:double", "n:str"),
        *("n:float16", "n:Float32", "n:exact_float"),
        *("n:flaot64", "n:strings", "n:boolean", "n:datetime", "n:timestmap", "a:b:int32"),
    ],
)
def test_an_unknown_type_is_refused_and_a_name_like_one_can_be_kept(text: str) -> None:
    with pytest.raises(
        ValueError, match=f"`keep_fields` {text}: .* is not a type; there are string, "
    ):
        fields.parse_fields([text])
    assert fields.parse_fields([f"{text}:string"]) == (KeptField(text, "string"),)


@pytest.mark.parametrize(
    "name", ["dc:title", "a:b:c", "x:text", "x:strong", "x:", ":int32", "x:id"]
)
def test_other_colons_belong_to_the_name(name: str) -> None:
    assert fields.parse_fields([name]) == (KeptField(name),)


def test_names_and_types_are_parsed() -> None:
    parsed = fields.parse_fields(["a", "b:int64", "c:d", "e:d:bool", ":int64"])
    assert [(field.name, field.type) for field in parsed] == [
        *[("a", ""), ("b", "int64"), ("c:d", ""), ("e:d", "bool"), (":int64", "")]
    ]
    with pytest.raises(ValueError, match="`keep_fields` names a field twice"):
        fields.parse_fields(["a", "a:int64"])


def test_several_types_have_one_common_type() -> None:
    assert fields.common_type(["int64", "", "int64"]) == "int64"
    assert fields.common_type(["float64", "int64"]) == "float64"
    assert fields.common_type(["date", "timestamp"]) == "string"
    assert fields.common_type(["", "date", ""]) == "date"
    assert fields.common_type(["", ""]) == "string"
    assert fields.common_type(["exact_float32", "float64"]) == "float64"
    assert fields.common_type(["float64", "int64", "string"]) == "string"
    assert fields.common_type(["string", "bytes"]) == "bytes"
    assert set(fields.COLUMN_TYPES) == set(features.FIELD_TYPES)
    assert fields.keep(datetime.date(2026, 1, 2), KeptField("k", "string")) == "2026-01-02"
