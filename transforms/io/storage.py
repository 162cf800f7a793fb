"""Read files and write them atomically, on any of Beam's file systems.

Beam takes seconds to import. Files of this machine are read without it.
"""

import contextlib
import functools
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, cast

from transforms.io import durable, local_status
from transforms.io.file_systems import file_systems
from transforms.io.local_status import FileMetadata
from transforms.io.remote_stream import open_remote
from transforms.io.retrying import retried
from transforms.io.uploading import is_object_store, whole_object
from transforms.io.watching import StorageError, WatchedStream, describe

# The subfolder of an output folder for unfinished files, until they are renamed.
TEMPORARY = "tmp"

_BLOCK = 1 << 20
_OCTETS, _AS_STORED = "application/octet-stream", "uncompressed"
# Characters of a path that a message shows; the path may be hostile.
_MAX_SHOWN = 200


def join(folder: str, *names: str) -> str:
    """Join names to a path or URL of any file system."""
    if "://" not in folder:
        return os.path.join(folder, *names)
    path: str = file_systems().join(folder, *names)
    return path


class HashedFile:
    """A file opened for writing that counts and hashes the bytes written to it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes to the file."""
        self._stream.write(data)
        self._digest.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        """Hash of all bytes written so far, 64 hex digits."""
        return self._digest.hexdigest()


@contextlib.contextmanager
def atomic_write(folder: str, path: str) -> Iterator[HashedFile]:
    """Write `folder/path`, so that it has either its whole content or that of before.

    It is written under a temporary name and renamed at the end. Each attempt has a unique temporary
    name, so that two attempts at one part do not conflict; both rename to the same final name, with
    the same content. A link with that name is replaced, not followed. Objects of a store are
    uploaded in one step instead. When the block has ended, the file and its name last through a
    power cut.

    Raises:
        OSError: the disk is full, or the folder does not exist or is not writable.
        ValueError: a parent folder is a link out of `folder`.
    """
    final = join(folder, path)
    if os.path.dirname(path):
        within(folder, os.path.dirname(path))
    if is_object_store(final):
        with whole_object(final) as content:
            yield HashedFile(content)
        return
    temporary = join(within(folder, TEMPORARY), uuid.uuid4().hex)
    durable.make_folder(join(folder, TEMPORARY))
    stream = open_for_writing(temporary)
    try:
        with contextlib.closing(stream):
            yield HashedFile(stream)
        durable.force_to_disk(temporary)
        durable.make_folder(file_systems().split(final)[0])
        rename(temporary, final)
        durable.force_to_disk(file_systems().split(final)[0])
    except BaseException:
        with contextlib.suppress(OSError):
            file_systems().delete([temporary])
        raise


def write_text(folder: str, path: str, text: str) -> None:
    """Write a small UTF-8 file atomically."""
    write_bytes(folder, path, text.encode())


def write_bytes(folder: str, path: str, content: bytes) -> None:
    """Write a small file atomically."""
    with atomic_write(folder, path) as file:
        file.write(content)


def read_text(path: str) -> str | None:
    """Read a small UTF-8 file; None if it does not exist.

    Raises:
        ValueError: it is not UTF-8.
    """
    content = read_bytes(path)
    return None if content is None else content.decode("utf-8")


def read_bytes(path: str) -> bytes | None:
    """Read a small file; None if it does not exist.

    Raises:
        OSError: it cannot be read.
    """
    return read_whole(path) if exists(path) else None


def read_whole(path: str) -> bytes:
    """Read a small file that exists.

    Raises:
        OSError: it cannot be opened, or not be read to its end.
    """
    with contextlib.closing(open_for_reading(path)) as stream:
        content = stream.read()
        _check_end(path, stream, len(content))
    return content


def _check_end(path: str, stream: BinaryIO, position: int) -> None:
    # Streams of remote files do it themselves.
    if "://" not in path:
        local_status.check_end(path, stream, position)


def within(folder: str, path: str) -> str:
    """Join an output folder and a path from a receipt, and check that it stays in the folder.

    Receipts are files, which anybody may have written.

    Raises:
        ValueError: the path is absolute, contains `..`, is not a valid file name, or leaves the
            folder through a link.
    """
    joined = join(folder, path)
    names = path.split("/")
    goes_up = os.path.isabs(path) or "://" in path or any(n in ("", ".", "..") for n in names)
    if not _is_file_name(path) or goes_up or not ("://" in folder or _is_inside(joined, folder)):
        raise ValueError(f"{path[:_MAX_SHOWN]!r} points outside the folder")
    return joined


def _is_file_name(path: str) -> bool:
    """Whether a file system allows such a name."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _is_inside(path: str, folder: str) -> bool:
    """Whether a local path is inside a folder after its links are followed."""
    root = os.path.realpath(folder)
    return os.path.realpath(path).startswith(os.path.join(root, ""))


def check_no_links(folder: str, names: Iterable[str]) -> None:
    """Check that no link, pipe or device has replaced a file or folder of a job.

    Raises:
        ValueError: one of the names is not a file or folder.
        OSError: the file system does not say so.
    """
    for name in names if "://" not in folder else ():
        path = os.path.join(folder, name)
        kind = local_status.special_kind(path)
        if kind:
            raise ValueError(
                f"{path} is {kind}, and a job reads and writes only in its own folder: replace it "
                "by the file or folder itself"
            )


def list_folder(folder: str) -> dict[str, FileMetadata]:
    """List the files of a folder by name, in order; empty if the folder does not exist.

    Links are left out: a job writes none.

    Raises:
        OSError: it cannot be listed.
    """
    # Not by a glob: the name of a local folder may contain characters that are special in a glob.
    is_remote = "://" in folder
    files = match(join(folder, "*")) if is_remote else local_status.list_files(folder)
    by_name = {os.path.basename(metadata.path): metadata for metadata in files}
    return dict(sorted(by_name.items()))


def hash_file(path: str) -> str:
    """Hash a file, 64 hex digits.

    Raises:
        OSError: it cannot be opened, or not be read to its end.
    """
    digest = hashlib.sha256()
    for block in read_blocks(path):
        digest.update(block)
    return digest.hexdigest()


def read_blocks(path: str) -> Iterator[bytes]:
    """Read a file in blocks of a megabyte.

    Raises:
        OSError: it cannot be opened, or not be read to its end.
    """
    size = 0
    with contextlib.closing(open_for_reading(path)) as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            yield block
        _check_end(path, stream, size)


def version_of(metadata: FileMetadata) -> str:
    """Return what changes when a file changes: its modification time."""
    return repr(metadata.last_updated_in_seconds)


def identify(path: str) -> tuple[int, str]:
    """Return the size of a file in bytes, and its version.

    Raises:
        OSError: the file does not exist.
    """
    if "://" not in path:
        status = os.stat(path)
        return status.st_size, repr(status.st_mtime)
    metadata = retried(path, lambda: file_systems().get_filesystem(path).metadata(path))
    return metadata.size_in_bytes, version_of(metadata)


def open_for_reading(path: str) -> BinaryIO:
    """Open a file for reading its bytes as stored, without decompression.

    Raises:
        OSError: the file cannot be opened. So does a read, also if a remote file ends too early.
    """
    if "://" not in path:
        # Beam would search all its file systems for that of the path, longer than it takes to open.
        return open(path, "rb")
    return open_remote(path, functools.partial(open_object, path))


def open_object(path: str) -> BinaryIO:
    """Open a remote file once, as its file system does; `open_remote` repeats what fails."""
    stream: BinaryIO = file_systems().open(path, _OCTETS, _AS_STORED)
    return stream


def open_watched(path: str, size: int) -> BinaryIO:
    """Open a source of `size` bytes, as stored; its stream remembers failures.

    Raises:
        StorageError: the file cannot be opened, whatever its file system raises.
    """
    try:
        return cast(BinaryIO, WatchedStream(open_for_reading(path), size))
    except Exception as error:
        raise StorageError(describe(error)) from error


def open_for_writing(path: str) -> BinaryIO:
    """Create a file; on a local file system it must not exist, not even as a link."""
    if "://" not in path:
        return open(path, "xb")
    stream: BinaryIO = file_systems().create(path, _OCTETS, _AS_STORED)
    return stream


def exists(path: str) -> bool:
    """Whether there is a file or a folder; object stores have no folders.

    Raises:
        OSError: the file system does not say so.
    """
    if "://" not in path:
        return local_status.status_of(path) is not None
    return bool(retried(path, lambda: file_systems().exists(path)))


def size_of(path: str) -> int | None:
    """Return the size of a file in bytes; None if there is no file.

    Raises:
        OSError: the file system does not say so.
    """
    if "://" in path:
        return identify(path)[0] if exists(path) else None
    return local_status.file_size(path)


def match(pattern: str) -> list[FileMetadata]:
    """List the files that match a pattern of Beam's file systems.

    Raises:
        OSError: they cannot be listed.
    """
    files: list[FileMetadata] = retried(
        pattern, lambda: file_systems().match([pattern])[0].metadata_list
    )
    return files


def rename(path: str, target: str) -> None:
    """Rename a file; an existing file of the new name is replaced, unless it is on HDFS.

    Raises:
        OSError: it cannot be renamed.
    """

    def move() -> None:
        # An earlier attempt may have succeeded although its answer was lost.
        if "://" not in path or file_systems().exists(path) or not file_systems().exists(target):
            file_systems().rename([path], [target])

    retried(path, move)


def duplicate(folder: str, path: str, target: str) -> None:
    """Give a file of a folder a second name there, atomically; an existing file is replaced.

    On this machine it is a hard link where the disk has them: files of a job are never changed, but
    replaced. Object stores copy by themselves.

    Args:
        folder: an output folder.
        path: of the file, within it.
        target: the second name, within it.

    Raises:
        OSError: the file cannot be read, or the folder cannot be written.
        ValueError: one of the paths leads out of the folder.
    """
    source, final = within(folder, path), within(folder, target)
    if "://" in folder:
        retried(final, lambda: file_systems().copy([source], [final]))
        return
    temporary = join(within(folder, TEMPORARY), uuid.uuid4().hex)
    for parent in (os.path.dirname(temporary), os.path.dirname(final)):
        durable.make_folder(parent)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
        durable.force_to_disk(temporary)
    rename(temporary, final)
    # Nothing was renamed if both were names of one file already.
    delete_file(temporary)
    durable.force_to_disk(os.path.dirname(final))


def delete(paths: Sequence[str]) -> None:
    """Delete files that exist.

    Raises:
        OSError: one cannot be deleted.
    """
    if paths:
        retried(paths[0], lambda: file_systems().delete(list(paths)))


def delete_file(path: str) -> None:
    """Delete a file if it exists; a link is deleted, not its target.

    Raises:
        OSError: deleting it is not permitted, or it is a folder.
    """
    if "://" not in path:
        if local_status.status_of(path, follow_links=False):
            os.unlink(path)
    elif exists(path):
        delete([path])
