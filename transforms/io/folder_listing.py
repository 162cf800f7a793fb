"""List folders of many files, one file at a time and in any order; see `storage.list_folder`."""

from collections.abc import Iterator

from transforms.io import local_status, storage
from transforms.io.local_status import FileMetadata


def iterate_files(folder: str) -> Iterator[FileMetadata]:
    """Yield the files of a folder, without links; none if the folder does not exist.

    Raises:
        OSError: it cannot be listed.
    """
    if "://" in folder:
        yield from storage.match(storage.join(folder, "*"))
    else:
        yield from local_status.list_files(folder)


def iterate_names(folder: str) -> Iterator[str]:
    """Yield the names of the files that `iterate_files` yields.

    Of a local folder only the names are read: a million take a second.

    Raises:
        OSError: it cannot be listed.
    """
    if "://" in folder:
        yield from (file.path.rpartition("/")[2] for file in iterate_files(folder))
    else:
        yield from local_status.iterate_names(folder)
