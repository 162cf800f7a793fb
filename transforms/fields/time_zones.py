"""Names of time zones in types of Arrow: those of the machine's database, and offsets from UTC."""

import difflib
import functools
import re
import zoneinfo

import pyarrow as pa

UTC = "UTC"
_OFFSET = re.compile(r"[+-](?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)


def is_known(name: str) -> bool:
    """Return whether a time zone exists, as far as this machine knows.

    >>> is_known("UTC"), is_known("-03:30"), is_known("+25:00")
    (True, True, False)
    """
    if name == UTC or _OFFSET.fullmatch(name):
        return True
    names = _names()
    # A machine without the database knows none, and refuses none but a wrong offset.
    return name in names if names else name[:1] not in "+-"


def check(name: str) -> None:
    """Raise ValueError if a time zone does not exist; the message has the nearest name."""
    if is_known(name):
        return
    near = difflib.get_close_matches(name, [UTC, *_names()], 1)
    raise ValueError(
        f"there is no time zone {name!r}; "
        + (f"did you mean {near[0]}?" if near else "give one such as UTC, Europe/Berlin or +01:00")
    )


def with_known(column: pa.Array) -> pa.Array:
    """Return a column; in UTC, with the same moments, if it is in a time zone that is unknown.

    A file may name any zone. Readers of the records could not show times in one that is unknown.
    """
    type_ = column.type
    if pa.types.is_timestamp(type_) and type_.tz and not is_known(type_.tz):
        return column.cast(pa.timestamp(type_.unit, UTC))
    return column


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
