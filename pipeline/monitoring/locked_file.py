"""A file that one process replaces as a whole, again and again, and that it locks meanwhile.

Each file that appears under the name is locked by flock(2) before it does. So there is no file but
this one, and the kernel releases the lock when the process ends, in whatever way.
"""

import contextlib
import fcntl
import os
import threading

# The holder may replace the file between its opening and its locking, each time.
_ATTEMPTS = 1000


class HeldError(Exception):
    """Another process holds the file."""


class LockedFile:
    """A file that no other `LockedFile` replaces until it is closed; threads may share it.

    Args:
        path: of the file, which is created if it does not exist.

    Raises:
        HeldError: another process holds it.
        OSError: it can be neither opened nor created.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._is_new = not os.path.lexists(path)
        self._descriptor: int | None = _open_locked(path)

    def replace(self, content: str) -> None:
        """Replace the file, so that a reader sees the old content or the new one.

        After the file is closed, nothing is done.

        Raises:
            OSError: it cannot be written; the earlier one remains.
        """
        with self._mutex:
            if self._descriptor is None:
                return
            replacement = _write_locked(self._path, content)
            os.close(self._descriptor)
            self._descriptor, self._is_new = replacement, False

    def close(self) -> None:
        """Release the file; remove it if it was created and never written."""
        with self._mutex:
            if self._is_new:
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def _write_locked(path: str, content: str) -> int:
    """Put a new file at a path, in one step; return its descriptor, which is locked."""
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        _lock(descriptor)
        with open(descriptor, "w", encoding="utf-8", closefd=False) as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return descriptor


def _open_locked(path: str) -> int:
    for _ in range(_ATTEMPTS):
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise HeldError


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise HeldError from error
    except OSError:
        # Some network file systems have no locks.
        return


def _is_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
