import datetime
import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import fields
from transforms.fields import KeptField, WrongTypeError

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
        *[(float("inf"), "float64"), (1, "bool"), ("x", "timestamp"), (3, "bytes")],
    ],
)
def test_a_value_of_another_type_is_refused_with_the_remedy(value: object, type_: str) -> None:
    with pytest.raises(WrongTypeError, match=f"field 'k' is no {type_}; `keep_fields` k:string"):
        fields.keep(value, KeptField("k", type_))


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
    assert fields.keep(datetime.date(2026, 1, 2), KeptField("k", "string")) == "2026-01-02"
