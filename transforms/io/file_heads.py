"""Open a file to read little of it: of a remote one, little is transferred then."""

from typing import BinaryIO, cast

from transforms.io import storage
from transforms.io.remote_stream import open_remote, without_buffer
from transforms.io.watching import StorageError, WatchedStream, describe

# Bytes that are read at once.
_BLOCK = 1 << 16


def open_beginning(path: str, size: int) -> BinaryIO:
    """Open a source of `size` bytes at its beginning; see `storage.open_watched`.

    Raises:
        StorageError: the file cannot be opened, whatever its file system raises.
    """
    if "://" not in path:
        return storage.open_watched(path, size)

    def open_() -> BinaryIO:
        return without_buffer(storage.open_object(path), _BLOCK)

    try:
        return cast(BinaryIO, WatchedStream(open_remote(path, open_, _BLOCK), size))
    except Exception as error:
        raise StorageError(describe(error)) from error
