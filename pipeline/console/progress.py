"""Show the progress of a job while it runs: a bar on a terminal, else a line at intervals."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

_BAR_SECONDS, _LINE_SECONDS = 1.0, 30.0
# Measuring takes at most this share of the time, however many receipts there are.
_SHARE_OF_TIME = 0.02


class Shown(NamedTuple):
    """Attributes: parts that are done; of how many, None if unknown; a line that says more."""

    done: int
    total: int | None
    line: str


Measure = Callable[[], Shown]
_Show = Callable[[Shown], None]


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
            else every 30 seconds.
    """
    if sys.__stderr__ is None:
        yield
        return
    console = _console(sys.__stderr__)
    if console.is_terminal and not console.is_dumb_terminal:
        with _bar(console) as show, _repeat(measure, show, _BAR_SECONDS):
            yield
    else:
        with _repeat(measure, _lines(console), _LINE_SECONDS):
            yield


def _console(stream: TextIO) -> Console:
    """Return a console that draws a bar only on a real terminal, whatever the environment says."""
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

        def show(now: Shown) -> None:
            progress.update(task, completed=now.done, total=now.total, description=now.line)

        yield show


def _lines(console: Console) -> _Show:
    def show(now: Shown) -> None:
        console.print(now.line, markup=False, highlight=False, soft_wrap=True)

    return show


@contextlib.contextmanager
def _repeat(measure: Measure, show: _Show, seconds: float) -> Iterator[None]:
    """Measure and show in a separate thread, until the block ends."""
    ended = threading.Event()

    def loop() -> None:
        pause = seconds
        while not ended.wait(pause):
            started = time.monotonic()
            with contextlib.suppress(Exception):
                now = measure()
                if not ended.is_set():
                    show(now)
            pause = max(seconds, (time.monotonic() - started) / _SHARE_OF_TIME)

    thread = threading.Thread(target=loop, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)
