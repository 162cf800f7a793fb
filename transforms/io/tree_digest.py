"""Hash folders with all their files, so that damage of any of them is found."""

import os
from collections.abc import Iterator, Sequence

from transforms.documents import hash_json
from transforms.io import storage


def hash_tree(folder: str, names: Sequence[str]) -> str:
    """Hash the paths and the contents of all files below some subfolders; 64 hex digits.

    Raises:
        OSError: a folder cannot be listed, or a file cannot be read.
        ValueError: there is a link, a pipe or a device among them.
    """
    paths = sorted(path for name in names for path in _files(folder, name))
    return hash_json([[path, storage.hash_file(storage.join(folder, path))] for path in paths])


def _raise(error: OSError) -> None:
    """Raise the error of a folder that cannot be listed, unless it does not exist."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _files(folder: str, name: str) -> Iterator[str]:
    """Yield the files below a subfolder, with `/` between the names of their paths."""
    if "://" in folder:
        for metadata in storage.match(f"{storage.join(folder, name)}/**"):
            yield metadata.path.removeprefix(folder).lstrip("/")
        return
    for parent, folders, files in os.walk(os.path.join(folder, name), onerror=_raise):
        paths = [os.path.relpath(os.path.join(parent, each), folder) for each in folders + files]
        storage.check_no_links(folder, paths)
        yield from (path.replace(os.sep, "/") for path in paths[len(folders) :])
