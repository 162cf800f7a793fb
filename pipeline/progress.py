"""How far a job is, while it runs: a bar on a terminal, else a line now and then."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from pipeline import manifest, status
from pipeline.output.output_folder import Run
from pipeline.status import Status
from transforms.documents import Split
from transforms.receipts import Receipt

_BAR_SECONDS, _LINE_SECONDS = 1.0, 30.0
# Looking takes at most this share of the time, however many receipts there are.
_SHARE_OF_TIME = 0.02

Look = Callable[[], Status]
Show = Callable[[Status], None]


class _Screen:
    """A stream that may go away, as terminals and pipes do: what it does not take is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Pass text on."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Pass on what was kept back."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


@contextlib.contextmanager
def watch(
    folder: str,
    splits: Sequence[Split],
    run: Run,
    console: Console | None = None,
    seconds: float | None = None,
) -> Iterator[None]:
    """Show, while the block runs, what the receipts in an output folder tell.

    What goes wrong in looking or showing is passed over: it is not the job's.

    Args:
        folder: the output folder.
        splits: of the whole job.
        run: its configuration, with the transform.
        console: where to show it; None for the process's own standard error.
        seconds: between two looks; None for 1 on a terminal, where a bar is drawn, else 30.
    """
    if console is None:
        if sys.__stderr__ is None:
            yield
            return
        console = _console(sys.__stderr__)
    look = _looking(folder, splits, run)
    if console.is_terminal and not console.is_dumb_terminal:
        with _bar(console) as show, _repeat(look, show, seconds or _BAR_SECONDS):
            yield
    else:
        with _repeat(look, _lines(console), seconds or _LINE_SECONDS):
            yield


def _console(stream: TextIO) -> Console:
    """Make a console that takes for a terminal what is one, whatever the environment asks for."""
    terminal = not stream.closed and stream.isatty()
    return Console(file=cast(TextIO, _Screen(stream)), force_terminal=terminal)


def _looking(folder: str, splits: Sequence[Split], run: Run) -> Look:
    """Make a look that reads each receipt once."""
    receipts: dict[str, Receipt] = {}

    def look() -> Status:
        for receipt in manifest.new_receipts(folder, receipts.keys()):
            receipts[receipt.name] = receipt
        return status.measure_job(splits, run, receipts.values())

    return look


@contextlib.contextmanager
def _bar(console: Console) -> Iterator[Show]:
    columns = (BarColumn(), TextColumn("{task.description}"))
    # What the job prints is its own affair, and goes where it always goes.
    with Progress(
        *columns,
        console=console,
        transient=True,
        refresh_per_second=2,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        task = progress.add_task("starting", total=None)

        def show(now: Status) -> None:
            total, line = now.expected_parts, status.to_line(now)
            progress.update(task, completed=now.parts, total=total, description=line)

        yield show


def _lines(console: Console) -> Show:
    def show(now: Status) -> None:
        console.print(status.to_line(now), markup=False, highlight=False, soft_wrap=True)

    return show


@contextlib.contextmanager
def _repeat(look: Look, show: Show, seconds: float) -> Iterator[None]:
    """Look and show in a thread of its own, until the block ends."""
    ended = threading.Event()

    def loop() -> None:
        pause = seconds
        while not ended.wait(pause):
            started = time.monotonic()
            with contextlib.suppress(Exception):
                now = look()
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
