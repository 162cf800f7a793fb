"""Spans of time of this process, for a timeline. Nothing is recorded unless somebody asks."""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Span:
    """What a thread did for a while.

    Attributes:
        name: what it did.
        started: UNIX time in seconds.
        seconds: wall time.
        cpu_seconds: of all threads of the process in this time.
        thread: name of the thread.
    """

    name: str
    started: float
    seconds: float
    cpu_seconds: float
    thread: str


_recorded: list[Span] | None = None


@contextlib.contextmanager
def recording() -> Iterator[list[Span]]:
    """Record the spans of all threads while the block runs; yield the list that gets them."""
    global _recorded
    before, _recorded = _recorded, []
    try:
        yield _recorded
    finally:
        _recorded = before


@contextlib.contextmanager
def span(name: str) -> Iterator[None]:
    """Record the time of the block, also if it raises."""
    spans = _recorded
    if spans is None:
        yield
        return
    started, wall, cpu = time.time(), time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        thread = threading.current_thread().name
        spans.append(Span(name, started, seconds, cpu_seconds, thread))
