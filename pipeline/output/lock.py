"""One job at a time in an output folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from pipeline.errors import UsageError


@contextlib.contextmanager
def hold(folder: str) -> Iterator[None]:
    """Keep other jobs of this machine out of a local folder, which is made if it is not there.

    The folder itself is locked, by flock(2): no file has to be left in it, and the lock of a
    process goes with the process, however that ends. A folder that was made and is still empty
    when the block ends is removed again. Folders of other file systems are not locked.

    Raises:
        UsageError: another job holds the folder, or it cannot be made.
    """
    if "://" in folder or (os.path.exists(folder) and not os.path.isdir(folder)):
        yield
        return
    made = _make(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)
        for path in made:
            with contextlib.suppress(OSError):
                os.rmdir(path)


def _make(folder: str) -> list[str]:
    """Make a folder; give what of its path was made, innermost first."""
    missing = []
    path = os.path.abspath(folder)
    while not os.path.exists(path):
        missing.append(path)
        path = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--output {folder}: cannot be written: {error.strerror}") from error
    return missing


def _lock(descriptor: int, folder: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            f"--output {folder}: another embed is at work in it; wait for its end, or choose "
            "another folder"
        ) from error
    except OSError:
        # Some network file systems have no locks for folders. Two jobs there would do the same
        # parts twice, and leave the same files.
        return
