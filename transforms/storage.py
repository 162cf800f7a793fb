"""Files that appear whole or not at all, on any file system that Beam knows."""

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from typing import BinaryIO

from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

# Unfinished files lie here, within the output folder, until they are renamed.
TEMPORARY = "tmp"

_BLOCK = 1 << 20


class HashedFile:
    """A file being written that counts and hashes what goes through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> None:
        """Append."""
        self._stream.write(data)
        self._digest.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        """Hash of all written so far, 64 hex digits."""
        return self._digest.hexdigest()


@contextlib.contextmanager
def atomic_write(folder: str, path: str) -> Iterator[HashedFile]:
    """Write `folder/path` under a temporary name and rename it at the end.

    Every attempt has a temporary name of its own, so that two of the same part do not meet; both
    rename to the same final name, with the same content.

    Raises:
        OSError: the disk is full, the folder is gone, or may not be written.
    """
    final = FileSystems.join(folder, path)
    scratch = FileSystems.join(folder, TEMPORARY, uuid.uuid4().hex)
    make_folder(FileSystems.join(folder, TEMPORARY))
    stream = open_for_writing(scratch)
    try:
        with contextlib.closing(stream):
            yield HashedFile(stream)
        _force_to_disk(scratch)
        make_folder(FileSystems.split(final)[0])
        FileSystems.rename([scratch], [final])
    except BaseException:
        with contextlib.suppress(OSError):
            FileSystems.delete([scratch])
        raise


def write_text(folder: str, path: str, text: str) -> None:
    """Write a small UTF-8 file atomically."""
    with atomic_write(folder, path) as file:
        file.write(text.encode())


def read_text(path: str) -> str | None:
    """Read a small UTF-8 file; None where there is none.

    Raises:
        ValueError: it is not UTF-8.
    """
    if not FileSystems.exists(path):
        return None
    with contextlib.closing(open_for_reading(path)) as stream:
        return stream.read().decode("utf-8")


def _force_to_disk(path: str) -> None:
    """Have a local file outlive a power cut: its new name may otherwise be on disk before it."""
    if "://" in path:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def within(folder: str, path: str) -> str:
    """Join an output folder and a path that a receipt tells.

    Receipts come from disk, where anybody may have written them.

    Raises:
        ValueError: the path is absolute, goes up, or leads out of the folder by a link.
    """
    joined: str = FileSystems.join(folder, path)
    leads_out = not path or os.path.isabs(path) or "://" in path or ".." in path.split("/")
    if "\0" in path or leads_out or ("://" not in folder and not _is_inside(joined, folder)):
        raise ValueError(f"{path!r} points outside the folder")
    return joined


def _is_inside(path: str, folder: str) -> bool:
    """Whether a local path stays in a folder once its links are followed."""
    root = os.path.realpath(folder)
    return os.path.realpath(path).startswith(os.path.join(root, ""))


def list_folder(folder: str) -> dict[str, FileMetadata]:
    """List the files of a folder by name, in order; none where there is no such folder."""
    if "://" in folder:
        found = FileSystems.match([FileSystems.join(folder, "*")])[0].metadata_list
    else:
        # Not by a glob: the folder's own name may hold what is special in one.
        entries = os.scandir(folder) if os.path.isdir(folder) else ()
        found = [_metadata(entry) for entry in entries if entry.is_file()]
    by_name = {FileSystems.split(metadata.path)[1]: metadata for metadata in found}
    return dict(sorted(by_name.items()))


def _metadata(entry: os.DirEntry[str]) -> FileMetadata:
    stat = entry.stat()
    return FileMetadata(entry.path, stat.st_size, stat.st_mtime)


def sha256_of(path: str) -> str:
    """Hash a file, 64 hex digits."""
    digest = hashlib.sha256()
    with contextlib.closing(open_for_reading(path)) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def version_of(metadata: FileMetadata) -> str:
    """Tell a changed file from an unchanged one: its time of change."""
    return repr(metadata.last_updated_in_seconds)


def identify(path: str) -> tuple[int, str]:
    """Give the size of a file in bytes, and its version.

    Raises:
        OSError: there is no such file.
    """
    metadata = FileSystems.get_filesystem(path).metadata(path)
    return metadata.size_in_bytes, version_of(metadata)


def open_for_reading(path: str) -> BinaryIO:
    """Open the bytes of a file as they are stored."""
    stream: BinaryIO = FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream


def open_for_writing(path: str) -> BinaryIO:
    """Create a file."""
    stream: BinaryIO = FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream


def make_folder(path: str) -> None:
    """Make a folder where the file system has folders and this one is not there yet."""
    if "://" not in path:
        os.makedirs(path, exist_ok=True)
