"""Publish the state of a worker process to the process that shows the progress of the job.

Each worker of this machine writes a small file, at most every half second, in a folder that the job
names in an environment variable.
"""

import contextlib
import os
import threading
import time
from pathlib import Path

import msgspec

from transforms import strict_json
from transforms.running.board import BOARD, Board, Snapshot, join

# The variable with the folder.
FOLDER = "BEAM_BERT_RUNNING"

_SECONDS = 0.5
_ENDING = ".json"
_DECODER = msgspec.json.Decoder(Snapshot)


def publish(board: Board = BOARD) -> None:
    """Publish the state of this process from now on, if the job that started it asks for it."""
    folder = os.environ.get(FOLDER)
    if folder:
        board.call_on_change(_Publisher(board, Path(folder)).publish_soon)


class _Publisher:
    """Writes the state of a process to a file, as often as is useful."""

    def __init__(self, board: Board, folder: Path) -> None:
        self._board = board
        self._file = folder / f"{os.getpid()}{_ENDING}"
        self._lock = threading.Lock()
        self._next = 0.0

    def publish_soon(self) -> None:
        """Write the state, unless another thread does, or did within half a second.

        The display of progress is not worth an error of the job.
        """
        if time.monotonic() < self._next or not self._lock.acquire(blocking=False):
            return
        try:
            with contextlib.suppress(OSError):
                self._write()
            self._next = time.monotonic() + _SECONDS
        finally:
            self._lock.release()

    def _write(self) -> None:
        temporary = self._file.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.encode(self._board.snapshot()))
        temporary.replace(self._file)


def read_published(folder: Path) -> Snapshot:
    """Read the states that the workers published last."""
    snapshots = []
    for path in folder.glob(f"*{_ENDING}"):
        with contextlib.suppress(OSError, ValueError):
            snapshots.append(strict_json.decode(path.read_bytes(), _DECODER))
    return join(snapshots)
