"""When a job ran, and on which machines."""

import collections
import datetime
from collections.abc import Sequence

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
    begin = _time(min(part.finished - sum(part.seconds.values()) for part in parts))
    end = _time(max(part.finished for part in parts))
    if begin.date() == end.date():
        return f"{_date(begin)}, {begin:%H:%M} to {end:%H:%M} UTC"
    return f"{_date(begin)}, {begin:%H:%M} to {_date(end)}, {end:%H:%M} UTC"


def where(parts: Sequence[Receipt]) -> str:
    """Say on which hardware the parts were computed, the most used first.

    Receipts of earlier releases do not name it.
    """
    hosts: dict[str, set[str]] = collections.defaultdict(set)
    done: collections.Counter[str] = collections.Counter()
    for part in parts:
        hosts[part.machine].add(part.worker.rpartition(":")[0])
        done[part.machine] += 1
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
