"""What a local file system says of its paths, where `os.path` would take an error for a no."""

import errno
import os
import stat
from array import array
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from transforms.io.watching import StorageError

# Files that are listed at once.
_AT_ONCE = 4096
# Nothing has such a path.
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


class FileMetadata(NamedTuple):
    """A file of this machine; the fields are those of Beam's class of this name."""

    path: str
    size_in_bytes: int
    last_updated_in_seconds: float


def status_of(path: str, *, follow_links: bool = True) -> os.stat_result | None:
    """Return the status of a path; None if nothing is there.

    Raises:
        OSError: the file system does not say so; `os.path.exists` would return False.
    """
    try:
        return os.stat(path, follow_symlinks=follow_links)
    except ValueError:
        return None
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return None
        raise


def is_folder(path: str, *, follow_links: bool = True) -> bool:
    """Whether a path is a folder.

    Raises:
        OSError: the file system does not say so.
    """
    status = status_of(path, follow_links=follow_links)
    return status is not None and stat.S_ISDIR(status.st_mode)


def special_kind(path: str) -> str:
    """Return what a path is if it is neither a file nor a folder; empty if it is, or is nothing.

    Raises:
        OSError: the file system does not say so.
    """
    status = status_of(path, follow_links=False)
    if status is None or stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return ""
    return "a symbolic link" if stat.S_ISLNK(status.st_mode) else "neither a file nor a folder"


def file_size(path: str) -> int | None:
    """Return the size of a file in bytes; None if there is no file.

    Raises:
        OSError: the file system does not say so.
    """
    status = status_of(path)
    return status.st_size if status and stat.S_ISREG(status.st_mode) else None


def list_files(folder: str) -> Iterator[FileMetadata]:
    """List the files of a folder, without links; none if the folder does not exist.

    Raises:
        OSError: it cannot be listed.
    """
    for names, sizes, changed in list_blocks(folder, _AT_ONCE):
        for name, size, time in zip(names, sizes, changed, strict=True):
            yield FileMetadata(os.path.join(folder, name), size, time)


def list_blocks(folder: str, most: int) -> Iterator[tuple[list[str], "array[int]", "array[float]"]]:
    """Yield names, sizes and times of change of the files that `list_files` lists.

    Args:
        folder: the folder.
        most: the number of files of a block.

    Raises:
        OSError: it cannot be listed.
    """
    names, sizes, changed = list[str](), array("q"), array("d")
    for entry in _iterate_files(folder):
        try:
            status = entry.stat()
        except FileNotFoundError:
            # It was deleted since.
            continue
        names.append(entry.name)
        sizes.append(status.st_size)
        changed.append(status.st_mtime)
        if len(names) == most:
            yield names, sizes, changed
            names, sizes, changed = [], array("q"), array("d")
    yield names, sizes, changed


def iterate_names(folder: str) -> Iterator[str]:
    """Yield the names of the files of a folder, without links; none if the folder does not exist.

    Raises:
        OSError: it cannot be listed.
    """
    return (entry.name for entry in _iterate_files(folder))


def _iterate_files(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        yield from (entry for entry in entries if entry.is_file(follow_symlinks=False))


def check_end(path: str, stream: BinaryIO, position: int) -> None:
    """Check that a file that was read to its end has no more bytes than were read.

    Raises:
        StorageError: it has more.
    """
    size = os.fstat(stream.fileno()).st_size
    if position < size:
        raise StorageError(f"{path} ended after {position:,} of {size:,} bytes")
