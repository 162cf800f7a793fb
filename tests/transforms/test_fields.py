import datetime

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
        assert fields.read_text(text, field) == value
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
    with pytest.raises(WrongTypeError, match=f"field 'k' is no {type_}; --keep_fields k:string"):
        fields.keep(value, KeptField("k", type_))


@pytest.mark.parametrize("type_", ["int64", "float64", "bool", "timestamp", "date"])
def test_nothing_is_null_and_nonsense_refused(type_: str) -> None:
    assert fields.read_text(" ", KeptField("k", type_)) is None
    assert fields.keep(None, KeptField("k", type_)) is None
    for text in ("nonsense", "nan", "9" * 40 if type_ != "float64" else "1e999"):
        with pytest.raises(WrongTypeError, match="--keep_fields k:string keeps it as text"):
            fields.read_text(text, KeptField("k", type_))


def test_names_and_types_are_told_apart() -> None:
    told = fields.parse_fields(["a", "b:int64", "c:d", "e:d:bool", ":int64"])
    assert [(field.name, field.type) for field in told] == [
        *[("a", ""), ("b", "int64"), ("c:d", ""), ("e:d", "bool"), (":int64", "")]
    ]
    with pytest.raises(ValueError, match="--keep_fields names a field twice"):
        fields.parse_fields(["a", "a:int64"])


def test_one_type_is_found_for_several() -> None:
    assert fields.common_type(["int64", "", "int64"]) == "int64"
    assert fields.common_type(["float64", "int64"]) == "float64"
    assert fields.common_type(["date", "timestamp"]) == "string"
    assert fields.keep(datetime.date(2026, 1, 2), KeptField("k", "string")) == "2026-01-02"
