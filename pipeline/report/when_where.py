"""When a job ran, and on which machines."""

import collections
import datetime
from collections.abc import Sequence

import pyarrow as pa

from pipeline.output import activity
from pipeline.parts.receipt_table import table_of
from pipeline.report.labels import counted, visible
from transforms.receipts import Receipt

_MAX_MACHINES = 3


def when(parts: Sequence[Receipt]) -> str:
    """Say when the first part began and the last one ended, in UTC.

    >>> when([])
    ''
    """
    if not parts:
        return ""
    begins, ends = activity.intervals(parts)
    begin, end = _time(begins.min()), _time(ends.max())
    if begin.date() == end.date():
        return f"{_date(begin)}, {begin:%H:%M} to {end:%H:%M} UTC"
    return f"{_date(begin)}, {begin:%H:%M} to {_date(end)}, {end:%H:%M} UTC"


def where(parts: Sequence[Receipt]) -> str:
    """Say on which hardware the parts were computed, the most used first.

    Receipts of earlier releases do not name it.
    """
    hosts: dict[str, set[str]] = collections.defaultdict(set)
    done: collections.Counter[str] = collections.Counter()
    table = table_of(parts)
    names = ("machine", "worker")
    pairs = pa.table({name: table.strings(name) for name in names})
    # In one thread the groups are in the order of their first parts.
    groups = pairs.group_by(list(names), use_threads=False).aggregate([([], "count_all")])
    columns = (groups.column(name).to_pylist() for name in (*names, "count_all"))
    for machine, worker, count in zip(*columns, strict=True):
        hosts[machine].add(worker.rpartition(":")[0])
        done[machine] += count
    ordered = [machine for machine, _ in done.most_common()]
    shown = [_describe(machine, len(hosts[machine])) for machine in ordered[:_MAX_MACHINES]]
    rest = len(ordered) - len(shown)
    return "; ".join([*shown, *([f"{counted(rest, 'other kind')} of machines"] if rest else [])])


def _describe(machine: str, hosts: int) -> str:
    name = visible(machine) or "unknown hardware"
    return name if hosts == 1 else f"{counted(hosts, 'machine')} with {name}"


def _time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _date(time: datetime.datetime) -> str:
    return f"{time.day} {time:%B %Y}"
