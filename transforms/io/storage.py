"""Files that appear whole or not at all, on any file system that Beam knows."""

import contextlib
import hashlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

# Unfinished files lie here, within the output folder, until they are renamed.
TEMPORARY = "tmp"

_BLOCK = 1 << 20
# What brings the file system of a scheme.
_EXTRAS = {"gs": "gcp", "hdfs": "hadoop", "s3": "aws"}
# Characters of a hostile path that a message shows.
_SHOWN = 200


def join(folder: str, *names: str) -> str:
    """Join names to a path or URL of any file system."""
    path: str = FileSystems.join(folder, *names)
    return path


def set_default_options() -> None:
    """Have remote file systems take their settings from the environment, unless they have some.

    Within a pipeline its options are what they take; a program that only looks at files has none.
    """
    if FileSystems._pipeline_options is None:
        FileSystems.set_options(PipelineOptions([]))


def require_file_system(path: str) -> None:
    """Look whether what a path begins with can be worked with here.

    Raises:
        ValueError: it cannot; the message tells what is missing.
    """
    try:
        FileSystems.get_filesystem(path)
    except (ValueError, BeamIOError) as error:
        raise ValueError(_why_not(path.partition("://")[0], error)) from error


def _why_not(scheme: str, error: Exception) -> str:
    reason = describe_error(error)
    if not re.search("Unable to get filesystem|Failed to import", reason):
        return reason
    if scheme in _EXTRAS:
        return f'{scheme}:// needs pip install "beam-bert[{_EXTRAS[scheme]}]"'
    return f"there is no file system for {scheme}://"


def describe_error(error: Exception) -> str:
    """Give the line that tells why something could not be listed, read or written."""
    details = getattr(error, "exception_details", None)
    inner = next(iter(details.values()), error) if isinstance(details, dict) else error
    return (str(inner) or type(inner).__name__).splitlines()[0]


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
    rename to the same final name, with the same content. A link of that name is replaced, not
    followed.

    Raises:
        OSError: the disk is full, the folder is gone, or may not be written.
        ValueError: a folder on the way is a link that leads out.
    """
    final = FileSystems.join(folder, path)
    if os.path.dirname(path):
        within(folder, os.path.dirname(path))
    scratch = FileSystems.join(within(folder, TEMPORARY), uuid.uuid4().hex)
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
    write_bytes(folder, path, text.encode())


def write_bytes(folder: str, path: str, content: bytes) -> None:
    """Write a small file atomically."""
    with atomic_write(folder, path) as file:
        file.write(content)


def read_text(path: str) -> str | None:
    """Read a small UTF-8 file; None where there is none.

    Raises:
        ValueError: it is not UTF-8.
    """
    content = read_bytes(path)
    return None if content is None else content.decode("utf-8")


def read_bytes(path: str) -> bytes | None:
    """Read a small file; None where there is none."""
    if not FileSystems.exists(path):
        return None
    with contextlib.closing(open_for_reading(path)) as stream:
        return stream.read()


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
        ValueError: the path is absolute, goes up, is no name of a file, or leads out of the folder
            by a link.
    """
    joined: str = FileSystems.join(folder, path)
    names = path.split("/")
    leads_out = os.path.isabs(path) or "://" in path or any(n in ("", ".", "..") for n in names)
    if not _is_name(path) or leads_out or not ("://" in folder or _is_inside(joined, folder)):
        raise ValueError(f"{path[:_SHOWN]!r} points outside the folder")
    return joined


def _is_name(path: str) -> bool:
    """Whether a file system could have such a name."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _is_inside(path: str, folder: str) -> bool:
    """Whether a local path stays in a folder once its links are followed."""
    root = os.path.realpath(folder)
    return os.path.realpath(path).startswith(os.path.join(root, ""))


def check_no_links(folder: str, names: Iterable[str]) -> None:
    """Refuse what no job made: links, pipes and devices in the place of its files and folders.

    Raises:
        ValueError: one of the names is neither a file nor a folder.
    """
    for name in names if "://" not in folder else ():
        path = os.path.join(folder, name)
        if os.path.islink(path) or (os.path.exists(path) and not _is_plain(path)):
            kind = "a symbolic link" if os.path.islink(path) else "neither a file nor a folder"
            raise ValueError(
                f"{path} is {kind}, and a job reads and writes in its own folder alone: put the "
                "file or folder itself in its place"
            )


def _is_plain(path: str) -> bool:
    return os.path.isfile(path) or os.path.isdir(path)


def list_folder(folder: str) -> dict[str, FileMetadata]:
    """List the files of a folder by name, in order; none where there is no such folder.

    Links are no files of ours and are left out.
    """
    if "://" in folder:
        found = FileSystems.match([FileSystems.join(folder, "*")])[0].metadata_list
    else:
        # Not by a glob: the folder's own name may hold what is special in one.
        entries = os.scandir(folder) if os.path.isdir(folder) else ()
        found = [_metadata(entry) for entry in entries if entry.is_file(follow_symlinks=False)]
    by_name = {FileSystems.split(metadata.path)[1]: metadata for metadata in found}
    return dict(sorted(by_name.items()))


def _metadata(entry: os.DirEntry[str]) -> FileMetadata:
    stat = entry.stat()
    return FileMetadata(entry.path, stat.st_size, stat.st_mtime)


def hash_file(path: str) -> str:
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
    """Create a file; on local file systems it must not be there, not even as a link."""
    if "://" not in path:
        return open(path, "xb")
    stream: BinaryIO = FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream


def delete_file(path: str) -> None:
    """Delete a file if it is there; of a link the link.

    Raises:
        OSError: it may not be deleted, or is a folder.
    """
    if "://" not in path:
        if os.path.lexists(path):
            os.unlink(path)
    elif FileSystems.exists(path):
        FileSystems.delete([path])


def make_folder(path: str) -> None:
    """Make a folder where the file system has folders and this one is not there yet."""
    if "://" not in path:
        os.makedirs(path, exist_ok=True)
