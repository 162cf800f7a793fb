"""List folders of many files, some at a time and in any order; see `storage.list_folder`."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from transforms.io import local_status, storage

# Files of a block.
_BLOCK = 100_000


class ListedFiles(NamedTuple):
    """Some files of a folder.

    Attributes:
        names: of the files.
        sizes: in bytes, int64 [files].
        changed: when each was changed, in UNIX seconds, float64 [files].
    """

    names: Sequence[str]
    sizes: np.ndarray
    changed: np.ndarray


def iterate_blocks(folder: str) -> Iterator[ListedFiles]:
    """Yield the files of a folder, without links; none if the folder does not exist.

    Raises:
        OSError: it cannot be listed.
    """
    if "://" not in folder:
        for names, sizes, changed in local_status.list_blocks(folder, _BLOCK):
            yield ListedFiles(names, np.array(sizes, np.int64), np.array(changed, np.float64))
        return
    files = iter(storage.match(storage.join(folder, "*")))
    while block := list(itertools.islice(files, _BLOCK)):
        yield ListedFiles(
            [file.path.rpartition("/")[2] for file in block],
            np.array([file.size_in_bytes for file in block], np.int64),
            np.array([file.last_updated_in_seconds for file in block], np.float64),
        )


def iterate_names(folder: str) -> Iterator[str]:
    """Yield the names of the files that `iterate_blocks` yields.

    Of a local folder only the names are read: a million take a second.

    Raises:
        OSError: it cannot be listed.
    """
    if "://" in folder:
        for block in iterate_blocks(folder):
            yield from block.names
    else:
        yield from local_status.iterate_names(folder)
