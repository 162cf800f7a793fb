"""Lock a folder of this machine, and remove what was created for nothing."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence

from pipeline.errors import UsageError, output_errors
from transforms.io import durable

# Another job may remove the folder between its creation and its locking, each time.
_ATTEMPTS = 10_000


@contextlib.contextmanager
def hold(folder: str) -> Iterator[None]:
    """Lock a folder against other jobs of this machine; create it if it does not exist.

    The folder itself is locked by flock(2): this leaves no file in it, and the kernel releases the
    lock when the process ends, in whatever way. A folder that was created here and is still empty
    at the end of the block is removed, unless another job holds it.

    Raises:
        UsageError: another job has locked the folder, or it can never be created.
        OSError: it cannot be created now, as on a full disk.
    """
    with output_errors(f"--output {folder}"):
        descriptor, created = _open(folder)
    try:
        yield
    finally:
        _release(descriptor, created)


def _open(folder: str) -> tuple[int, Sequence[str]]:
    """Create, open and lock a folder; return its descriptor and the folders that were created."""
    for _ in range(_ATTEMPTS):
        try:
            created = durable.make_folder(folder)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError as error:
            # Either it was removed after its creation, or it can never be created, as in /proc.
            reason = error.strerror
            continue
        if _lock(descriptor, folder):
            return descriptor, created
        os.close(descriptor)
        reason = "it is removed again and again"
    raise UsageError(f"--output {folder}: cannot be written: {reason}")


def _lock(descriptor: int, folder: str) -> bool:
    """Lock an open folder; return False if it is no longer the one with this name."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise UsageError(
            f"--output {folder}: another embed is running in it; wait until it ends, or "
            "choose another folder"
        ) from error
    except OSError:
        # Some network file systems cannot lock folders. Two jobs there would compute the same parts
        # twice and write the same files.
        return True
    return _leads_to(folder, descriptor)


def _leads_to(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _release(descriptor: int, created: Sequence[str]) -> None:
    """Unlock a folder; remove it and its parents before, as far as they were created here."""
    for path in created:
        _remove(path, descriptor if path == created[0] else None)
    os.close(descriptor)


def _remove(path: str, locked: int | None) -> None:
    """Remove an empty folder that no job holds, while it is locked here."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY) if locked is None else locked
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _leads_to(path, descriptor):
                os.rmdir(path)
        finally:
            if locked is None:
                os.close(descriptor)
