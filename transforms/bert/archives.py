"""Unpack a model's .tar.gz; archives that are broken, too large or hostile are refused."""

import errno
import gzip
import os
import shutil
import tarfile
import zlib
from pathlib import Path

# An archive that unpacks to more is taken for a bomb. Weights hardly compress.
_MAX_UNPACKED_BYTES = 16 << 30
_MAX_GROWTH, _SMALL_BYTES = 100, 1 << 30
_MAX_ENTRIES = 10_000
_MAX_READ_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_OF_DISK = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.ESTALE)
# Raised for a broken archive: its headers may hold any number, name and depth.
ERRORS = (
    *(tarfile.TarError, EOFError, OSError, zlib.error),
    *(ValueError, OverflowError, RecursionError),
)


def is_of_disk(error: BaseException) -> bool:
    """Whether one of `ERRORS` is the disk's and not the archive's, so that it may pass."""
    return isinstance(error, OSError) and error.errno in _OF_DISK


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into an empty folder.

    Raises:
        One of `ERRORS`: the archive is broken, too large unpacked, or has entries outside its
            folder.
    """
    limit = _max_bytes(archive, folder)
    with _BoundedGzip(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
        _extract(tar, folder, limit)
    _check_checksum(archive, limit)


class _BoundedGzip(gzip.GzipFile):
    """A gzip file that refuses large reads, which the headers of a tar can ask for."""

    def read(self, size: int | None = -1) -> bytes:
        """Read at most `_MAX_READ_BYTES` bytes.

        Raises:
            tarfile.TarError: more bytes are requested.
        """
        if size is None or not 0 <= size <= _MAX_READ_BYTES:
            raise tarfile.TarError("a header has an implausible size")
        return super().read(size)


def _max_bytes(archive: Path, folder: Path) -> int:
    """Return the bytes that an archive may unpack to: at most the free space of the disk."""
    growth = max(_SMALL_BYTES, _MAX_GROWTH * archive.stat().st_size)
    return min(_MAX_UNPACKED_BYTES, growth, shutil.disk_usage(folder).free)


def _extract(tar: tarfile.TarFile, folder: Path, limit: int) -> None:
    total = 0
    for number, member in enumerate(tar):
        if number == _MAX_ENTRIES:
            raise tarfile.TarError(f"it has over {_MAX_ENTRIES} entries")
        total += member.size
        if member.size < 0 or total > limit:
            raise tarfile.TarError(f"it unpacks to over {limit:,} bytes")
        if not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder")
        if os.path.isabs(member.name):
            raise tarfile.TarError(f"{member.name!r} is an absolute path")
        tar.extract(member, folder, filter="data")


def _check_checksum(archive: Path, limit: int) -> None:
    """Read a gzip file to its end, where its checksum is compared."""
    left = 2 * (limit + _MAX_READ_BYTES)
    with gzip.open(archive) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise tarfile.TarError(f"it unpacks to over {limit:,} bytes")
