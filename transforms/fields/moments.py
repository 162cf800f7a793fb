"""Timestamps and dates as text: ISO 8601 in both directions.

Kept timestamps and dates are in the years 1 to 9999, which Python and ISO 8601 agree upon.
"""

import datetime
import re

_BEYOND_MICROSECONDS = re.compile(r"[.,]\d{6}0*[1-9]")
# What Python accepts beside ISO 8601 has another meaning to others: any character before the time,
# as in `2024-01-02+02:00`, a date with a time zone; fractions of hours and minutes as seconds.
_ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d-?\d)"
    r"([Tt ]\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?( ?(Z|[+-]\d\d(:?\d\d){0,2}))?)?",
    re.ASCII,
)
_MIDNIGHT = datetime.time()


def parse_timestamp(text: str) -> datetime.datetime:
    """Parse a timestamp of ISO 8601, or with a space before the time; without a zone it is UTC.

    >>> parse_timestamp("2024-01-02 03:04:05+02:00").isoformat()
    '2024-01-02T01:04:05+00:00'

    Raises:
        ValueError, OverflowError: it is not one, it has nanoseconds, or in UTC it is outside of the
            years 1 to 9999.
    """
    if not _ISO_8601.fullmatch(text) or _BEYOND_MICROSECONDS.search(text):
        raise ValueError(text)
    return in_utc(datetime.datetime.fromisoformat(text))


def in_utc(moment: datetime.datetime) -> datetime.datetime:
    """Return a moment in UTC; one without a zone is taken for UTC.

    Raises:
        OverflowError: its year in UTC is not 1 to 9999.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)


def parse_date(text: str) -> datetime.date:
    """Parse a date of ISO 8601, or a timestamp that is midnight in UTC, as databases write dates.

    >>> parse_date("2024-01-02").isoformat(), parse_date("2024-01-02 00:00:00").isoformat()
    ('2024-01-02', '2024-01-02')

    Raises:
        ValueError, OverflowError: it is not one, or has a time of the day.
    """
    moment = parse_timestamp(text)
    if moment.time() != _MIDNIGHT:
        raise ValueError(text)
    return moment.date()
