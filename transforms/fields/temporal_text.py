"""Columns of timestamps, dates, times and durations: their numbers, and their text in ISO 8601."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Days since 1970 of the years 1 to 9999.
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
SECONDS_A_DAY = 86_400
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAYS_OF_400_YEARS, _YEARS = 146_097, 400


def numbers(column: pa.Array) -> np.ndarray:
    """Return the numbers of units that a column stores, int64 [rows]; 0 for nulls."""
    integers = pa.int32() if column.type.bit_width == 32 else pa.int64()
    filled: np.ndarray = pc.fill_null(column.view(integers), 0).to_numpy()
    return filled.astype(np.int64)


def days_of(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the days since 1970 of a column of dates, and the milliseconds that exceed them."""
    stored = numbers(column)
    if pa.types.is_date32(column.type):
        return stored, np.zeros_like(stored)
    return np.divmod(stored, SECONDS_A_DAY * PER_SECOND["ms"])


def to_texts(column: pa.Array) -> list[str | None]:
    """Write timestamps, dates, times or durations in ISO 8601, with all digits of their unit.

    A timestamp with a time zone is in UTC and ends with Z. A year beyond 9999 or before 0 has a
    sign. A duration is in seconds, such as `PT90.5S`. Of a date64 the day counts.
    """
    if pa.types.is_date(column.type):
        texts = _dates(days_of(column)[0])
    elif pa.types.is_timestamp(column.type):
        texts = _timestamps(column)
    else:
        write = _time if pa.types.is_time(column.type) else _duration
        unit = PER_SECOND[column.type.unit]
        texts = [write(number, unit) for number in numbers(column).tolist()]
    valid = column.is_valid().to_pylist()
    return [text if is_valid else None for text, is_valid in zip(texts, valid, strict=True)]


def _timestamps(column: pa.Array) -> list[str]:
    unit = PER_SECOND[column.type.unit]
    days, rest = np.divmod(numbers(column), SECONDS_A_DAY * unit)
    zone = "" if column.type.tz is None else "Z"
    pairs = zip(_dates(days), rest.tolist(), strict=True)
    return [f"{day}T{_time(number, unit)}{zone}" for day, number in pairs]


def _dates(days: np.ndarray) -> list[str]:
    usual = (days >= FIRST_DAY) & (days <= LAST_DAY)
    texts = np.datetime_as_string(np.where(usual, days, 0).view("M8[D]")).tolist()
    for row in np.flatnonzero(~usual):
        texts[row] = _unusual_date(int(days[row]))
    return list(texts)


def _unusual_date(day: int) -> str:
    """Write a date outside of the years that Python and numpy write alike."""
    cycles, within = divmod(day, _DAYS_OF_400_YEARS)
    text = str(np.datetime64(within, "D"))
    year = int(text[:4]) + _YEARS * cycles
    sign = "+" if year > 9999 else "-" if year < 0 else ""
    return f"{sign}{abs(year):04}{text[4:]}"


def _time(number: int, unit: int) -> str:
    seconds, fraction = divmod(number, unit)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    digits = f".{fraction:0{len(str(unit)) - 1}}" if unit > 1 else ""
    return f"{hour:02}:{minute:02}:{second:02}{digits}"


def _duration(number: int, unit: int) -> str:
    seconds, fraction = divmod(abs(number), unit)
    digits = f".{fraction:0{len(str(unit)) - 1}}".rstrip("0") if fraction else ""
    return f"{'-' if number < 0 else ''}PT{seconds}{digits}S"
