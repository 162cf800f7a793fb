import decimal
import json
import math
import uuid

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sources import ids

UUID = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["a", "", None], pa.string_view()), ["a", None, None]),
        (pa.array([b"a", b"\xff", None, b""]), ["a", None, None, None]),
        (pa.array([-128, None], pa.int8()), ["-128", None]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([1.0, None, 1.5, -0.0, -7.0]), ["1", None, None, "0", "-7"]),
        (pa.array([math.nan, math.inf, -math.inf, 1e300]), [None] * 4),
        (pa.array([decimal.Decimal("1.00"), decimal.Decimal("1.50"), None]), ["1", None, None]),
        (pa.array([decimal.Decimal(12300)], pa.decimal128(3, -2)), ["12300"]),
        (pa.array([decimal.Decimal(-(10**70))], pa.decimal256(76, 0)), [f"-1{'0' * 70}"]),
        (pa.array([UUID.bytes, None], pa.uuid()), [str(UUID), None]),
        (pa.nulls(2), [None, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_ids_of_columns(column: pa.Array, expected: list[str | None]) -> None:
    assert ids.to_ids(column) == expected


@pytest.mark.parametrize(
    ("type_", "rounded"), [(pa.float64(), 53), (pa.float32(), 24), (pa.float16(), 11)]
)
def test_a_float_that_may_be_a_rounded_integer_makes_no_id(
    type_: pa.DataType, rounded: int
) -> None:
    largest = 2.0**rounded - 1
    column = pa.array([largest, -largest, 2.0**rounded, -(2.0**rounded)], type_)
    assert ids.to_ids(column) == [f"{largest:.0f}", f"-{largest:.0f}", None, None]
    made = [ids.to_id(value, 2.0**rounded) for value in column.to_pylist()]
    assert made == ids.to_ids(column)


@given(st.lists(st.floats() | st.integers(-(2**53), 2**53).map(float), min_size=1))
def test_floats_have_one_id_each_and_columns_have_those_of_values(values: list[float]) -> None:
    made = ids.to_ids(pa.array(values))
    assert made == [ids.to_id(value) for value in values]
    by_id = {id_: value for id_, value in zip(made, values, strict=True) if id_}
    assert all(float(id_) == value for id_, value in by_id.items())
    assert len(by_id) == len({v for id_, v in zip(made, values, strict=True) if id_})


@pytest.mark.parametrize("text", ["true", "null", "[1]", "{}", '""', "1.5", "1e16"])
def test_other_values_of_json_make_no_id(text: str) -> None:
    assert ids.to_id(json.loads(text)) is None


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        *((type_, True) for type_ in (pa.int8(), pa.uint64(), pa.float16(), pa.decimal128(9, 2))),
        *((type_, False) for type_ in (pa.bool_(), pa.date32(), pa.timestamp("s"), pa.binary(16))),
        (pa.uuid(), True),
    ],
)
def test_types_that_can_be_ids(type_: pa.DataType, expected: bool) -> None:
    assert ids.can_be_ids(type_) is expected
