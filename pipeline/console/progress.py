"""Show the progress of a job while it runs: a bar on a terminal, else a line at intervals."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, TextIO, TypeVar, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from pipeline.console import json_lines

# Of a bar, and of lines until the first one with the time left.
_SHORT_SECONDS = 1.0
# Of lines. The first one comes earlier: once the time left has been known for a while, or after ten
# seconds without it. Short jobs have no line.
_LINE_SECONDS, _FIRST_SECONDS, _STEADY_SECONDS = 30.0, 10.0, 5.0
# Measuring takes at most this share of the time, however many receipts there are.
_SHARE_OF_TIME = 0.02


class Shown(NamedTuple):
    """Attributes: the share that is done, None if unknown; whether the time left is known; a line.

    The line says how far the job is.
    """

    share: float | None
    has_time_left: bool
    line: str


_T = TypeVar("_T")
Measure = Callable[[], Shown]
# Show what was measured, and return the seconds until the next measure.
_Show = Callable[[Shown], float]


class _Screen:
    """A stream that may go away, as terminals and pipes do: it drops what it cannot write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Write text, if the stream still takes it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if the stream still takes it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


@contextlib.contextmanager
def watch(measure: Measure) -> Iterator[None]:
    """Show the progress of the job on the standard error of the process while the block runs.

    Errors in measuring and showing are ignored: the job did not fail.

    Args:
        measure: measures the progress of the job; called every second for the bar of a terminal,
            else every 30 seconds after the first line with the time left.
    """
    if sys.__stderr__ is None:
        yield
        return
    console = _console(sys.__stderr__)
    if console.is_terminal and not console.is_dumb_terminal:
        with _bar(console) as show, repeat(measure, show):
            yield
    else:
        with repeat(measure, _Lines(console).show):
            yield


def _console(stream: TextIO) -> Console:
    """Return a console that draws a bar only on a real terminal, whatever the environment says."""
    if json_lines.are_used():
        return Console(file=cast(TextIO, json_lines.Lines("info")), force_terminal=False)
    terminal = not stream.closed and stream.isatty()
    return Console(file=cast(TextIO, _Screen(stream)), force_terminal=terminal)


@contextlib.contextmanager
def _bar(console: Console) -> Iterator[_Show]:
    columns = (BarColumn(), TextColumn("{task.description}"))
    # The output of the job itself is not redirected.
    with Progress(
        *columns,
        console=console,
        transient=True,
        refresh_per_second=2,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        task = progress.add_task("starting", total=None)

        def show(now: Shown) -> float:
            total = None if now.share is None else 1.0
            progress.update(task, completed=now.share or 0.0, total=total, description=now.line)
            return _SHORT_SECONDS

        yield show


class _Lines:
    """Shows lines at intervals."""

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._now = now
        self._began = now()
        self._shown: float | None = None
        self._timed: float | None = None
        self._is_timed = False

    def show(self, now: Shown) -> float:
        """Print a line if one is due."""
        seconds = self._now() - self._began
        if now.has_time_left and self._timed is None:
            self._timed = seconds
        if self._is_due(seconds):
            self._console.print(now.line, markup=False, highlight=False, soft_wrap=True)
            self._shown, self._is_timed = seconds, now.has_time_left
        return _LINE_SECONDS if self._is_timed else _SHORT_SECONDS

    def _is_due(self, seconds: float) -> bool:
        if not self._is_timed and self._timed is not None:
            return seconds - self._timed >= _STEADY_SECONDS
        if self._shown is None:
            return seconds >= _FIRST_SECONDS
        # A line is shown at intervals, also if one measure comes a little early.
        return seconds - self._shown >= _LINE_SECONDS - _SHORT_SECONDS / 2


@contextlib.contextmanager
def repeat(measure: Callable[[], _T], show: Callable[[_T], float]) -> Iterator[None]:
    """Measure and show in a separate thread, until the block ends; errors are ignored.

    Args:
        measure: measures.
        show: shows what was measured, and returns the seconds until the next measure.
    """
    ended = threading.Event()

    def loop() -> None:
        pause = seconds = _SHORT_SECONDS
        while not ended.wait(pause):
            started = time.monotonic()
            with contextlib.suppress(Exception):
                now = measure()
                if not ended.is_set():
                    seconds = show(now)
            pause = max(seconds, (time.monotonic() - started) / _SHARE_OF_TIME)

    thread = threading.Thread(target=loop, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)
