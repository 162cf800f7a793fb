"""`--timeline`: when a job did what, for Chrome's tracing page, Perfetto and the like.

The phases of this process are recorded while it runs. The stages of the parts are those of the
receipts, whatever process computed them: they are laid one before the other, up to the time at
which the receipt was made.
"""

import collections
import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pipeline.console import printing
from pipeline.errors import UsageError
from pipeline.monitoring import metrics_place
from transforms import __version__, escaping, metrics
from transforms.receipts import Receipt
from transforms.running import spans
from transforms.running.spans import Span

_BEGIN = '{"otherData": {"program": "beam-bert"'
# In the order in which a part passes them. A part waits for the model before it is encoded.
_STAGES = (
    *(metrics.READ_SECONDS, metrics.TOKENIZE_SECONDS, metrics.WAIT_SECONDS),
    *(metrics.ENCODE_SECONDS, metrics.WRITE_SECONDS),
)
_THIS_PROCESS = 1
Event = dict[str, Any]


def check(path: str | None, folder: str) -> None:
    """Check that the file can be replaced, as `metrics_place.check` does for that of metrics.

    Raises:
        UsageError: the file cannot be there.
    """
    if path is not None:
        kind = metrics_place.FileKind("--timeline", "a timeline", "job.json", _BEGIN.encode())
        metrics_place.check_kind(path, folder, kind)


@contextlib.contextmanager
def recorded(path: str | None, folder: str) -> Iterator[None]:
    """Record the job that runs in the block, and write the file at its end, also if it fails.

    Args:
        path: of the file; None to record nothing.
        folder: the output folder.

    Raises:
        UsageError: the file cannot be written.
    """
    if path is None:
        yield
        return
    began, place = time.time(), f"--timeline {escaping.one_line(path)}"
    try:
        _write(path, [], [])
    except OSError as error:
        raise UsageError(f"{place}: cannot be written: {error.strerror or error}") from error
    with spans.recording() as phases:
        born = min(began, process_started())
        phases.append(Span("start", born, began - born, time.process_time(), "MainThread"))
        try:
            yield
        finally:
            try:
                _write(path, list(phases), _receipts_since(folder, began))
            except OSError as error:
                printing.announce(f"{place}: could not be written: {error.strerror or error}")


def process_started() -> float:
    """Return the UNIX time at which this process started; now where the system does not say."""
    try:
        with open("/proc/uptime", encoding="ascii") as file:
            uptime = float(file.read().split()[0])
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
            # The name, in parentheses, may have spaces. The 22nd field is the time after the boot.
            ticks = int(file.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return time.time()
    return time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")


def _receipts_since(folder: str, began: float) -> Sequence[Receipt]:
    """Return the receipts of parts that were finished since a time, as far as they can be read."""
    from pipeline import manifest

    with contextlib.suppress(Exception):
        receipts = manifest.load_receipts(folder)
        return receipts.select(receipts.numbers("finished") >= began)
    return []


def _write(path: str, phases: Sequence[Span], receipts: Sequence[Receipt]) -> None:
    events = [*events_of_phases(phases), *events_of_parts(receipts)]
    lines = ",\n".join(json.dumps(event) for event in events)
    text = f'{_BEGIN}, "version": "{__version__}"}}, "traceEvents": [\n{lines}\n]}}\n'
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def events_of_phases(phases: Iterable[Span]) -> list[Event]:
    """Return the events of the phases of this process, a row for each of its threads."""
    rows: dict[str, int] = {}
    events = [_named("process_name", _THIS_PROCESS, 0, f"beam-bert {os.getpid()}")]
    for phase in sorted(phases, key=lambda phase: phase.started):
        if phase.thread not in rows:
            rows[phase.thread] = len(rows) + 1
            row = rows[phase.thread]
            events.append(_named("thread_name", _THIS_PROCESS, row, phase.thread))
        event = _event(phase.name, phase.started, phase.seconds, _THIS_PROCESS, rows[phase.thread])
        events.append(event | {"args": {"cpu_seconds": round(phase.cpu_seconds, 3)}})
    return events


def events_of_parts(receipts: Iterable[Receipt]) -> list[Event]:
    """Return the events of the stages of parts: a process for each worker, rows for its parts.

    Parts that a worker computed at the same time are in different rows.
    """
    events: list[Event] = []
    of_worker: dict[str, list[Receipt]] = collections.defaultdict(list)
    for receipt in receipts:
        of_worker[receipt.worker].append(receipt)
    for number, worker in enumerate(sorted(of_worker), start=_THIS_PROCESS + 1):
        events.append(_named("process_name", number, 0, f"parts of {worker}"))
        ends: list[float] = []
        for receipt in sorted(of_worker[worker], key=_began):
            free = (row for row, end in enumerate(ends) if end <= _began(receipt))
            row = next(free, len(ends))
            ends[row : row + 1] = [receipt.finished]
            events += _stages(receipt, number, row + 1)
    return events


def _began(receipt: Receipt) -> float:
    return receipt.finished - sum(receipt.seconds.get(stage, 0.0) for stage in _STAGES)


def _stages(receipt: Receipt, process: int, row: int) -> Iterator[Event]:
    started = _began(receipt)
    shown = {"part": receipt.name, "documents": receipt.counts[metrics.DOCUMENTS]}
    for stage in _STAGES:
        seconds = receipt.seconds.get(stage, 0.0)
        name = stage.removesuffix("_seconds")
        yield _event(name, started, seconds, process, row) | {"args": shown}
        started += seconds


def _event(name: str, started: float, seconds: float, process: int, row: int) -> Event:
    times = {"ts": round(started * 1e6), "dur": round(seconds * 1e6)}
    return {"name": name, "ph": "X", **times, "pid": process, "tid": row}


def _named(kind: str, process: int, row: int, name: str) -> Event:
    return {"name": kind, "ph": "M", "pid": process, "tid": row, "args": {"name": name}}
