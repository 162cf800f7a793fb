"""Measure the time from the first document's arrival in a pipeline to the last one's departure.

The pipeline runs in this process. Beam sets a stage up, and so loads its model, before the first
document arrives. The functions are in a separate module, because Beam would pickle functions of
`__main__` together with the lists here.
"""

import time
from typing import Any

Row = dict[str, Any]

rows: list[Row] = []
times: list[float] = []


def mark_arrival(row: Row) -> Row:
    """Store the time of the first document's arrival."""
    if not times:
        times.append(time.time())
    return row


def keep_result(row: Row) -> None:
    """Store a row and the time of its departure."""
    rows.append(row)
    times[1:] = [time.time()]


def seconds() -> float:
    """Return the seconds from the first arrival to the last departure."""
    return times[-1] - times[0]
