"""A module as files: where a handle leads, and the fingerprint of what lies there."""

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

# What an archive may unpack to; one of more is taken for a bomb. Weights hardly compress.
_MAX_UNPACKED_BYTES = 16 << 30
_MAX_GROWTH, _SMALL_BYTES = 100, 1 << 30
_MOST_ENTRIES = 10_000
_MOST_AT_ONCE = 1 << 20
_CHUNK_BYTES = 1 << 20
_ARCHIVES = (".tar.gz", ".tgz")
# What reading a broken archive raises: its headers may hold any number, name and depth.
_BROKEN = (
    *(tarfile.TarError, EOFError, OSError, zlib.error),
    *(ValueError, OverflowError, RecursionError),
)


def cache_folder() -> Path:
    """Give the folder for models made or unpacked once: `$BEAM_BERT_CACHE`, else ~/.cache."""
    given = os.environ.get("BEAM_BERT_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "beam-bert"


def resolve(handle: str) -> Path:
    """Find the folder that a handle means, fetching or unpacking it where needed.

    Args:
        handle: a local folder, a local .tar.gz, or whatever `hub.resolve` takes (gs://, https://).

    Raises:
        ValueError: nothing usable is there.
    """
    if "://" in handle:
        return _resolve_remote(handle)
    path = Path(handle)
    if path.is_file() and path.name.endswith(_ARCHIVES):
        return unpack(path)
    if not path.is_dir():
        raise ValueError(f"--model {handle}: there is no such folder or .tar.gz")
    return path


def _resolve_remote(handle: str) -> Path:
    import tensorflow as tf
    import tensorflow_hub as hub

    try:
        resolved = Path(hub.resolve(handle))
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"--model {handle}: cannot be fetched: {reason}") from error
    if str(resolved).startswith(("gs:/", "s3:/", "hdfs:/")):
        return _copy_remote(handle)
    return resolved


def _copy_remote(handle: str) -> Path:
    """Bring an uncompressed module from a remote file system to the local cache."""
    import tensorflow as tf

    target = cache_folder() / "fetched" / hashlib.sha256(handle.encode()).hexdigest()[:16]
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        for folder, _, files in tf.io.gfile.walk(handle):
            inside = folder.removeprefix(handle).strip("/")
            (scratch / inside).mkdir(parents=True, exist_ok=True)
            for name in files:
                tf.io.gfile.copy(f"{folder.rstrip('/')}/{name}", str(scratch / inside / name))
        shutil.rmtree(target, ignore_errors=True)
        os.replace(scratch, target)
    except tf.errors.OpError as error:
        raise ValueError(f"--model {handle}: cannot be fetched: {error.message}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def unpack(archive: Path) -> Path:
    """Unpack a module once into the cache, under the archive's own sha256.

    Raises:
        ValueError: the archive is broken, too large unpacked, or holds what could leave its folder.
    """
    target = cache_folder() / "unpacked" / sha256_of(archive)[:16]
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        most = _most_bytes(archive, scratch)
        with _Guarded(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            _extract(tar, scratch, most)
        _check_to_the_end(archive, most)
        _put_into_place(_module_root(scratch), target)
    except _BROKEN as error:
        raise ValueError(f"--model {archive}: cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


class _Guarded(gzip.GzipFile):
    """A gzip of which no one reads much at once, as headers of a tar can ask for."""

    def read(self, size: int | None = -1) -> bytes:
        """Read at most `_MOST_AT_ONCE` bytes.

        Raises:
            tarfile.TarError: more is asked for.
        """
        if size is None or not 0 <= size <= _MOST_AT_ONCE:
            raise tarfile.TarError("it has a header of no sensible size")
        return super().read(size)


def _most_bytes(archive: Path, folder: Path) -> int:
    """Tell how much an archive may unpack to: no more than the disk has room for."""
    growth = max(_SMALL_BYTES, _MAX_GROWTH * archive.stat().st_size)
    return min(_MAX_UNPACKED_BYTES, growth, shutil.disk_usage(folder).free)


def _extract(tar: tarfile.TarFile, folder: Path, most: int) -> None:
    total = 0
    for number, member in enumerate(tar):
        if number == _MOST_ENTRIES:
            raise tarfile.TarError(f"it has over {_MOST_ENTRIES} entries")
        total += member.size
        if member.size < 0 or total > most:
            raise tarfile.TarError(f"it unpacks to over {most:,} bytes")
        if not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name!r} is neither a file nor a folder")
        if os.path.isabs(member.name):
            raise tarfile.TarError(f"{member.name!r} is an absolute path")
        tar.extract(member, folder, filter="data")


def _check_to_the_end(archive: Path, most: int) -> None:
    """Read the whole of a gzip, so that its checksum is held against what was unpacked."""
    left = 2 * (most + _MOST_AT_ONCE)
    with gzip.open(archive) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise tarfile.TarError(f"it unpacks to over {most:,} bytes")


def _put_into_place(folder: Path, target: Path) -> None:
    """Rename, unless another process has just put the same there."""
    try:
        os.replace(folder, target)
    except OSError:
        if not target.is_dir():
            raise


def _module_root(folder: Path) -> Path:
    """Archives hold the module at the top, or in one folder."""
    inside = list(folder.iterdir())
    if len(inside) == 1 and inside[0].is_dir():
        return inside[0]
    return folder


def fingerprint(folder: Path) -> str:
    """Hash a module's files: their paths within it and their bytes.

    Returns:
        64 hex digits, the same wherever the folder lies and whatever its files' times.

    Raises:
        ValueError: a folder within is a link, and what it holds would not be hashed.
    """
    digest = hashlib.sha256()
    paths = sorted(folder.rglob("*"))
    for path in paths:
        if path.is_symlink() and path.is_dir():
            raise ValueError(
                f"--model {folder}: {path.name} is a link: put the folder in its place"
            )
    for path in filter(Path.is_file, paths):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{sha256_of(path)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Hash one file; 64 hex digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
