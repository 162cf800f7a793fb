"""When the first document came and the last one left a pipeline that runs in this process.

Beam sets a stage up, and so loads its model, before the first document comes to it. The functions
stand in a module of their own because Beam pickles those of `__main__`, with what they point to.
"""

import time
from typing import Any

Row = dict[str, Any]

rows: list[Row] = []
times: list[float] = []


def arrived(row: Row) -> Row:
    """Note when the first document came."""
    if not times:
        times.append(time.time())
    return row


def left(row: Row) -> None:
    """Keep a row, and when it left."""
    rows.append(row)
    times[1:] = [time.time()]


def seconds() -> float:
    """Give the time between the first and the last."""
    return times[-1] - times[0]
