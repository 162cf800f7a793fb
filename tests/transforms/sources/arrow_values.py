"""A column of every type that Arrow can write to Parquet, and what is kept of it.

For each case: the column, whose last value is null, and what its values become, by the type of the
kept field; the automatic type is the first. `WRONG` is a value that rejects its document.
"""

import datetime
import decimal
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

WRONG = object()
_BYTES = uuid.UUID(int=7).bytes


class Case(NamedTuple):
    column: pa.Array
    kept: Mapping[str, Sequence[Any]]


def _stored(numbers: Sequence[int], type_: pa.DataType) -> pa.Array:
    """Build a column from the numbers that it stores."""
    width = pa.int32() if type_.bit_width == 32 else pa.int64()
    return pa.array([*numbers, None], width).view(type_)


def _extension(type_: pa.DataType, values: Sequence[Any]) -> pa.Array:
    return pa.ExtensionArray.from_storage(type_, pa.array([*values, None], type_.storage_type))


def _utc(*when: int) -> datetime.datetime:
    return datetime.datetime(*when, tzinfo=datetime.UTC)


def _decimals(type_: pa.DataType) -> Case:
    values = [decimal.Decimal("12.00"), decimal.Decimal("-0.10")]
    return Case(
        pa.array([*values, None], type_),
        {
            "string": ["12.00", "-0.10"],
            "bytes": [b"12.00", b"-0.10"],
            "int64": [12, WRONG],
            "float64": [12.0, -0.1],
            "exact_float32": [12.0, WRONG],
            "float32": [12.0, -0.10000000149011612],
        },
    )


_INTEGERS = {
    "int64": [7, 0],
    "string": ["7", "0"],
    "float64": [7.0, 0.0],
    "exact_float32": [7.0, 0.0],
    "float32": [7.0, 0.0],
}
_TEXT = {
    "string": ["7", "é"],
    "bytes": [b"7", "é".encode()],
    "int64": [7, WRONG],
    "float64": [7.0, WRONG],
    "float32": [7.0, WRONG],
    "exact_float32": [7.0, WRONG],
    "bool": [WRONG, WRONG],
    "timestamp": [WRONG, WRONG],
    "date": [WRONG, WRONG],
}
_BINARY = {"bytes": [b"ab", b"\xff\x00"], "string": ["ab", WRONG]}


def _moments(unit: str, zone: str | None, digits: str) -> Case:
    per_second = 10 ** {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    z = "Z" if zone else ""
    return Case(
        _stored([-per_second, 86_400 * per_second], pa.timestamp(unit, zone)),
        {
            "timestamp": [_utc(1969, 12, 31, 23, 59, 59), _utc(1970, 1, 2)],
            "string": [f"1969-12-31T23:59:59{digits}{z}", f"1970-01-02T00:00:00{digits}{z}"],
            "date": [WRONG, datetime.date(1970, 1, 2)],
        },
    )


_DIGITS = {"s": "", "ms": ".000", "us": ".000000", "ns": ".000000000"}
CASES: dict[str, Case] = {
    "bool": Case(
        pa.array([True, False, None]), {"bool": [True, False], "string": ["true", "false"]}
    ),
    **{
        str(type_): Case(pa.array([7, 0, None], type_), _INTEGERS)
        for type_ in (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16(), pa.uint32())
    },
    "int64": Case(
        pa.array([-(2**63), 2**53 + 1, None]),
        {
            "int64": [-(2**63), 2**53 + 1],
            "string": [str(-(2**63)), str(2**53 + 1)],
            "float64": [-(2.0**63), WRONG],
            "exact_float32": [-(2.0**63), WRONG],
            "float32": [-(2.0**63), 2.0**53],
        },
    ),
    "uint64": Case(
        pa.array([2**64 - 1, 2**63 - 1, None], pa.uint64()),
        {
            "string": [str(2**64 - 1), str(2**63 - 1)],
            "bytes": [str(2**64 - 1).encode(), str(2**63 - 1).encode()],
            "int64": [WRONG, 2**63 - 1],
            "float64": [WRONG, WRONG],
            "exact_float32": [WRONG, WRONG],
            "float32": [2.0**64, 2.0**63],
        },
    ),
    "halffloat": Case(
        pa.array([0.5, 2.0, None], pa.float16()),
        {"exact_float32": [0.5, 2.0], "string": ["0.5", "2.0"], "int64": [WRONG, 2]},
    ),
    "float": Case(
        pa.array([0.1, -math.inf, None], pa.float32()),
        {
            "exact_float32": [0.10000000149011612, -math.inf],
            "string": ["0.1", "-Infinity"],
            "float64": [0.10000000149011612, -math.inf],
            "float32": [0.10000000149011612, -math.inf],
            "int64": [WRONG, WRONG],
        },
    ),
    "double": Case(
        pa.array([0.1, 1e300, -3.0, None]),
        {
            "float64": [0.1, 1e300, -3.0],
            "string": ["0.1", "1e+300", "-3.0"],
            "float32": [0.10000000149011612, WRONG, -3.0],
            "exact_float32": [WRONG, WRONG, -3.0],
            "int64": [WRONG, WRONG, -3],
        },
    ),
    **{
        str(type_): _decimals(type_)
        for type_ in (
            *(pa.decimal32(5, 2), pa.decimal64(12, 2)),
            *(pa.decimal128(20, 2), pa.decimal256(50, 2)),
        )
    },
    "long decimal": Case(
        pa.array([decimal.Decimal("9" * 60), None], pa.decimal256(60, 0)),
        {"string": ["9" * 60], "int64": [WRONG], "float64": [WRONG], "exact_float32": [WRONG]},
    ),
    **{
        str(type_): Case(pa.array(["7", "é", None], type_), _TEXT)
        for type_ in (pa.string(), pa.large_string(), pa.string_view())
    },
    "text of moments": Case(
        pa.array(["2024-01-02 03:04:05", "2024-01-02", None]),
        {
            "string": ["2024-01-02 03:04:05", "2024-01-02"],
            "timestamp": [_utc(2024, 1, 2, 3, 4, 5), _utc(2024, 1, 2)],
            "date": [WRONG, datetime.date(2024, 1, 2)],
        },
    ),
    **{
        str(type_): Case(pa.array([b"ab", b"\xff\x00", None], type_), _BINARY)
        for type_ in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(2))
    },
    "date32[day]": Case(
        _stored([19_724, -1, 2_932_897, -719_163], pa.date32()),
        {
            "date": [datetime.date(2024, 1, 2), datetime.date(1969, 12, 31), WRONG, WRONG],
            "string": ["2024-01-02", "1969-12-31", "+10000-01-01", "0000-12-31"],
            "timestamp": [_utc(2024, 1, 2), _utc(1969, 12, 31), WRONG, WRONG],
        },
    ),
    "date64[ms]": Case(
        _stored([86_400_000], pa.date64()),
        {"date": [datetime.date(1970, 1, 2)], "string": ["1970-01-02"]},
    ),
    **{
        f"timestamp[{unit}, {zone}]": _moments(unit, zone, _DIGITS[unit])
        for unit in ("ms", "us", "ns")
        for zone in (None, "UTC", "America/New_York", "+05:30")
    },
    # Parquet has no seconds: Arrow writes milliseconds.
    "timestamp[s]": _moments("s", None, ".000"),
    "timestamps beyond": Case(
        _stored([253_402_300_800_000, -62_135_596_800_001], pa.timestamp("ms")),
        {
            "timestamp": [WRONG, WRONG],
            "string": ["+10000-01-01T00:00:00.000", "0000-12-31T23:59:59.999"],
        },
    ),
    "nanoseconds": Case(
        _stored([1, 1000], pa.timestamp("ns")),
        {
            "timestamp": [WRONG, _utc(1970, 1, 1, 0, 0, 0, 1)],
            "string": ["1970-01-01T00:00:00.000000001", "1970-01-01T00:00:00.000001000"],
            "bytes": [b"1970-01-01T00:00:00.000000001", b"1970-01-01T00:00:00.000001000"],
        },
    ),
    "time32[s]": Case(_stored([3_723], pa.time32("s")), {"string": ["01:02:03.000"]}),
    "time32[ms]": Case(_stored([3_723_004], pa.time32("ms")), {"string": ["01:02:03.004"]}),
    "time64[us]": Case(_stored([5], pa.time64("us")), {"string": ["00:00:00.000005"]}),
    "time64[ns]": Case(_stored([5], pa.time64("ns")), {"string": ["00:00:00.000000005"]}),
    **{
        str(pa.duration(unit)): Case(_stored([-1, 90 * per], pa.duration(unit)), {"string": texts})
        for unit, per, texts in (
            ("s", 1, ["-PT1S", "PT90S"]),
            ("ms", 1000, ["-PT0.001S", "PT90S"]),
            ("us", 10**6, ["-PT0.000001S", "PT90S"]),
            ("ns", 10**9, ["-PT0.000000001S", "PT90S"]),
        )
    },
    "dictionary of text": Case(pa.array(["7", "é", None]).dictionary_encode(), _TEXT),
    "dictionary of integers": Case(pa.array([7, 0, None]).dictionary_encode(), _INTEGERS),
    "uuid": Case(
        _extension(pa.uuid(), [_BYTES]),
        {"string": ["00000000-0000-0000-0000-000000000007"], "bytes": [_BYTES]},
    ),
    "json": Case(_extension(pa.json_(), ['{"a":1}']), {"string": ['{"a":1}']}),
    "bool8": Case(_extension(pa.bool8(), [0, 2]), {"bool": [False, True]}),
    "opaque": Case(_extension(pa.opaque(pa.int32(), "t", "v"), [7, 0]), _INTEGERS),
}
NESTED = (
    *(
        pa.list_(pa.int8()),
        pa.large_list(pa.int8()),
        pa.list_(pa.int8(), 2),
        pa.list_view(pa.int8()),
    ),
    *(pa.struct([("a", pa.int8())]), pa.map_(pa.string(), pa.int8())),
    *(pa.large_list_view(pa.int8()), pa.fixed_shape_tensor(pa.int8(), [2])),
    pa.opaque(pa.list_(pa.int8()), "t", "v"),
)
# Arrow writes none of these to Parquet.
UNWRITABLE = (
    *(pa.month_day_nano_interval(), pa.run_end_encoded(pa.int32(), pa.int8())),
    *(pa.sparse_union([pa.field("a", pa.int8())]), pa.dense_union([pa.field("a", pa.int8())])),
)
