"""See the parts that this process and its workers on this machine compute now."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.output import layout
from transforms.io import durable, storage
from transforms.running import publishing
from transforms.running.board import BOARD, Snapshot, join


@contextlib.contextmanager
def watched(output: str) -> Iterator[Callable[[], Snapshot]]:
    """Let workers that start within the block publish what they compute.

    Args:
        output: an output folder. If it is on this machine, the workers' files are in it, so that
            the next call deletes what a killed one leaves.

    Yields:
        a function that returns the state of this process and of its workers. Workers on other
        machines are not part of it.
    """
    with contextlib.ExitStack() as stack:
        folder: Path | None = None
        # The job itself reports a disk that is full.
        with contextlib.suppress(OSError, ValueError):
            folder = stack.enter_context(_temporary_folder(output))
        if folder is None:
            yield BOARD.snapshot
        else:
            published = folder
            stack.enter_context(_named_in_environment(folder))
            yield lambda: join([BOARD.snapshot(), publishing.read_published(published)])


@contextlib.contextmanager
def _named_in_environment(folder: Path) -> Iterator[None]:
    before = os.environ.get(publishing.FOLDER)
    os.environ[publishing.FOLDER] = str(folder)
    try:
        yield
    finally:
        del os.environ[publishing.FOLDER]
        if before is not None:
            os.environ[publishing.FOLDER] = before


@contextlib.contextmanager
def _temporary_folder(output: str) -> Iterator[Path]:
    """Yield a new folder on this machine, and delete it at the end."""
    parent = None
    if "://" not in output:
        parent = storage.within(output, layout.TEMPORARY)
        durable.make_folder(parent)
    with tempfile.TemporaryDirectory(
        prefix="running-", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)
