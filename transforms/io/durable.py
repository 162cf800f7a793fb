"""Write files and folders of this machine to disk, so that a power cut leaves them as they are."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Some network file systems cannot write a folder to disk by itself, and one that others own may
# not be readable.
_IMPOSSIBLE = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)


def force_to_disk(path: str) -> None:
    """Write a file, or the names in a folder, to disk.

    A name lasts when its folder is on disk: call this for the folder after a file was renamed into
    it. Remote file systems have written a file when it is closed, and nothing is done for them.

    Raises:
        OSError: the disk reports an error.
    """
    if "://" in path:
        return
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _IMPOSSIBLE or not os.path.isdir(path):
            raise


def force_tree(folder: str) -> None:
    """Write a folder with all its files and folders to disk, and its own name last.

    Raises:
        OSError: the disk reports an error.
    """
    if "://" in folder:
        return
    for path in _inside_out(folder):
        force_to_disk(path)
    force_to_disk(os.path.dirname(os.path.abspath(folder)))


def install_folder(folder: str, target: str) -> None:
    """Rename a folder, so that its new name appears with all its files, also after a power cut.

    Args:
        folder: on the same disk as the target.
        target: does not exist, or is an empty folder.

    Raises:
        OSError: the disk reports an error, or the target is there.
    """
    force_tree(folder)
    os.replace(folder, target)
    force_to_disk(os.path.dirname(os.path.abspath(target)))


@contextlib.contextmanager
def new_folder(target: Path, prefix: str) -> Iterator[tuple[Path, Path]]:
    """Install the folder that the block writes: it appears complete or not at all.

    Args:
        target: does not exist, or is an empty folder.
        prefix: of the name of the temporary folder beside it.

    Yields:
        the folder to write, which does not exist yet, and one for temporary files.

    Raises:
        ValueError: the target exists and is not an empty folder.
        OSError: it cannot be written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} exists and is not empty: choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix) as name:
        scratch = Path(name)
        yield scratch / "new", scratch
        install_folder(str(scratch / "new"), str(target))


def _inside_out(folder: str) -> Iterator[str]:
    """Yield the files and folders of a tree, each folder after what it contains."""
    for parent, _, names in os.walk(folder, topdown=False):
        yield from (os.path.join(parent, name) for name in names)
        yield parent


def make_folder(path: str) -> list[str]:
    """Create a folder and its parents unless they exist, so that their names last.

    Other processes may create and remove the same folders. Remote file systems have no folders.

    Returns:
        The folders of the path that did not exist, innermost first.

    Raises:
        OSError: a folder cannot be created.
    """
    missing: list[str] = []
    parent = os.path.abspath(path)
    while "://" not in path and not os.path.exists(parent):
        missing.append(parent)
        parent = os.path.dirname(parent)
    for folder in reversed(missing):
        try:
            os.mkdir(folder)
        except FileExistsError:
            # Another process was faster, unless something else has the name, such as a broken link.
            if os.path.lexists(folder) and not os.path.isdir(folder):
                raise
        force_to_disk(os.path.dirname(folder))
    return missing
