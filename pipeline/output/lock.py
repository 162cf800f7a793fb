"""Run one job at a time in an output folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from pipeline.errors import UsageError


@contextlib.contextmanager
def hold(folder: str) -> Iterator[None]:
    """Lock a local folder against other jobs of this machine; create it if it does not exist.

    The folder itself is locked by flock(2): this leaves no file in it, and the kernel releases the
    lock when the process ends, in whatever way. A folder that was created here and is still empty
    at the end of the block is removed. Folders of remote file systems are not locked.

    Raises:
        UsageError: another job has locked the folder, or it cannot be created.
    """
    if "://" in folder or (os.path.exists(folder) and not os.path.isdir(folder)):
        yield
        return
    created = _create(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)
        for path in created:
            with contextlib.suppress(OSError):
                os.rmdir(path)


def _create(folder: str) -> list[str]:
    """Create a folder; return the created folders of its path, innermost first."""
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
            f"--output {folder}: another embed is running in it; wait until it ends, or "
            "choose another folder"
        ) from error
    except OSError:
        # Some network file systems cannot lock folders. Two jobs there would compute the same parts
        # twice and write the same files.
        return
