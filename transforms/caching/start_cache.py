"""What jobs compute before their first document, kept on this machine by content.

An entry is one file: the sha256 of its content in hex, and the content. It is written under a
temporary name and renamed, so that many processes may write it at once. Entries of which anybody
else could have changed a byte are not read: folder and file must belong to this user, and nobody
else may write to them. Without a usable folder nothing is kept, and nothing fails.
"""

import contextlib
import hashlib
import logging
import os
import stat
import uuid
from collections.abc import Iterator

from transforms.caching.model_cache import CacheError, cache_folder

# Workers in other processes inherit it.
VARIABLE = "BEAM_BERT_START_CACHE"
OFF = "off"
_FOLDER = "start"
# The end of the names of entries. Other files in the folder are never deleted.
SUFFIX = ".start"
_MOST_BYTES = 1 << 30
_DIGITS = 64
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_LOG = logging.getLogger(__name__)


def use(place: str | None) -> None:
    """Choose the folder for this process and those that it starts; None for the default.

    Args:
        place: a folder, or `off`.
    """
    if place is not None:
        os.environ[VARIABLE] = place if place == OFF else os.path.abspath(place)


def place() -> str | None:
    """Return the folder: `$BEAM_BERT_START_CACHE`, else in the cache; None if it is off."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return None if chosen == OFF else os.path.abspath(chosen)
    try:
        return str(cache_folder() / _FOLDER)
    except CacheError:
        return None


def why_unusable() -> str:
    """Return why nothing can be kept although the cache is on; empty if it can."""
    folder = place()
    if folder is None:
        return ""
    try:
        with _opened(folder):
            pass
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} cannot be written"
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return ""


def load(name: str) -> bytes | None:
    """Return the content of an entry; None if it is missing, damaged or not to be trusted."""
    folder = place()
    if folder is None:
        return None
    try:
        with _opened(folder) as directory:
            stored = _read(directory, name + SUFFIX)
            os.utime(name + SUFFIX, dir_fd=directory)
    except OSError:
        return None
    digest, content = stored[:_DIGITS], stored[_DIGITS:]
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None


def store(name: str, content: bytes) -> None:
    """Keep an entry, in the place of entries that were not used for the longest time."""
    folder = place()
    if folder is None or len(content) > _MOST_BYTES:
        return
    temporary = f".{uuid.uuid4().hex}{SUFFIX}"
    try:
        with _opened(folder) as directory:
            try:
                _write(directory, temporary, content)
                os.rename(temporary, name + SUFFIX, src_dir_fd=directory, dst_dir_fd=directory)
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=directory)
            _delete_oldest(directory)
    except OSError as error:
        _LOG.info("%s is not kept in %s: %s", name, folder, error)


@contextlib.contextmanager
def _opened(folder: str) -> Iterator[int]:
    """Open the folder, which is made if it is missing; yield its descriptor.

    Raises:
        OSError: it cannot be opened, or others may have changed what it contains.
    """
    if not os.path.lexists(folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _check_owner(os.fstat(directory))
        yield directory
    finally:
        os.close(directory)


def _check_owner(status: os.stat_result) -> None:
    """Raise PermissionError if anybody but this user may write to a file or a folder."""
    if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE:
        raise PermissionError(0, "other users may write to it")


def _read(directory: int, name: str) -> bytes:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _check_owner(status)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{name} is no file")
        return file.read()


def _write(directory: int, name: str, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(name, flags, 0o600, dir_fd=directory), "wb") as file:
        file.write(hashlib.sha256(content).hexdigest().encode())
        file.write(content)


def _delete_oldest(directory: int) -> None:
    """Delete the entries that were not used for the longest time, beyond what is kept."""
    found = []
    for name in filter(lambda name: name.endswith(SUFFIX), os.listdir(directory)):
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            found.append((status.st_mtime, status.st_size, name))
    total = 0
    for _, size, name in sorted(found, reverse=True):
        total += size
        if total > _MOST_BYTES:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=directory)
