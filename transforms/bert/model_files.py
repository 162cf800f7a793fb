"""The files of a module: the folder that a handle means, and its fingerprint."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.bert import archives, published_names
from transforms.caching import model_cache
from transforms.io import durable, path_kinds
from transforms.io.redaction import REDACTED, redact, redact_url

_ARCHIVE_ENDINGS = (".tar.gz", ".tgz")
_CHUNK_BYTES = 1 << 20
# The target of a rename is a folder with files.
_THERE = (errno.EEXIST, errno.ENOTEMPTY)


def fetch_module(handle: str) -> Path:
    """Return the folder that a handle means; fetch or unpack it if necessary.

    Args:
        handle: a local folder, a local .tar.gz, or a URL that `hub.resolve` takes (gs://, https://).

    Raises:
        ValueError: there is no usable folder, archive or remote module.
    """
    if "://" in handle:
        return _resolve_remote(handle)
    path = Path(handle)
    return unpack_into_cache(path) if is_archive(path) else local_folder(handle)


def is_archive(path: Path) -> bool:
    """Whether a path is that of a packed module."""
    return path.is_file() and path.name.endswith(_ARCHIVE_ENDINGS)


def local_folder(handle: str) -> Path:
    """Return the folder of this machine that a handle names.

    Raises:
        ValueError: there is no such folder.
    """
    path = Path(handle)
    if not path.is_dir():
        reason = path_kinds.describe(handle)
        raise ValueError(
            f"`model` {handle}: there is no such folder or .tar.gz ({reason})"
            f"{published_names.remedy_for_name(handle)}"
        )
    return path


def _resolve_remote(handle: str) -> Path:
    published_names.refuse_page(handle)
    import tensorflow as tf
    import tensorflow_hub as hub

    shown = redact_url(handle)
    if REDACTED in handle:
        raise ValueError(
            f"`model` {shown}: {REDACTED} is in the place of a secret, which is not stored: put "
            "the secret there"
        )
    try:
        resolved = Path(hub.resolve(handle))
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = redact(next(iter(str(error).splitlines()), type(error).__name__))
        raise ValueError(
            f"`model` {shown}: cannot be fetched: {reason}"
            f"{published_names.remedy_for_address(handle)}"
        ) from error
    if str(resolved).startswith(("gs:/", "s3:/", "hdfs:/")):
        return _copy_remote(handle)
    return resolved


@model_cache.cache_errors()
def _copy_remote(handle: str) -> Path:
    """Copy an uncompressed module from a remote file system to the cache."""
    import tensorflow as tf

    target = (
        model_cache.cache_folder() / "fetched" / hashlib.sha256(handle.encode()).hexdigest()[:16]
    )
    try:
        with _scratch_folder(target) as scratch:
            for folder, _, names in tf.io.gfile.walk(handle):
                inside = folder.removeprefix(handle).strip("/")
                (scratch / inside).mkdir(parents=True, exist_ok=True)
                for name in names:
                    tf.io.gfile.copy(f"{folder.rstrip('/')}/{name}", str(scratch / inside / name))
            shutil.rmtree(target, ignore_errors=True)
            durable.install_folder(str(scratch), str(target))
    except tf.errors.OpError as error:
        reason = redact(error.message)
        raise ValueError(f"`model` {redact_url(handle)}: cannot be fetched: {reason}") from error
    return target


@model_cache.cache_errors()
def unpack_into_cache(archive: Path) -> Path:
    """Unpack a module into the cache, once per sha256 of the archive.

    Raises:
        ValueError: see `archives.unpack`; or the cache cannot be written.
        OSError: the disk is full, or fails.
    """
    target = model_cache.cache_folder() / "unpacked" / sha256_of(archive)[:16]
    if target.is_dir():
        return target
    with _scratch_folder(target) as scratch:
        try:
            archives.unpack(archive, scratch)
        except archives.ERRORS as error:
            if archives.is_of_disk(error):
                raise
            raise ValueError(f"`model` {archive}: cannot be unpacked: {error}") from error
        _rename(_module_root(scratch), target)
    return target


@contextmanager
def _scratch_folder(target: Path) -> Iterator[Path]:
    """Make a temporary folder beside a target, and remove it afterwards."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rename(folder: Path, target: Path) -> None:
    """Rename a folder, unless another process has just created the target."""
    try:
        durable.install_folder(str(folder), str(target))
    except OSError as error:
        if error.errno not in _THERE:
            raise


def _module_root(folder: Path) -> Path:
    """Return the module's folder: archives have it at the top, or in a single folder."""
    entries = list(folder.iterdir())
    if len(entries) == 1 and entries[0].is_dir():
        return entries[0]
    return folder


def fingerprint(folder: Path) -> str:
    """Hash the files of a module: their relative paths and their bytes.

    Returns:
        64 hex digits, which do not depend on the folder's place or the files' times.

    Raises:
        ValueError: a folder within is a link, whose content would not be hashed.
        OSError: a file or folder cannot be read.
    """
    digest = hashlib.sha256()
    paths = sorted(_paths_below(folder))
    for path in paths:
        if path.is_symlink() and path.is_dir():
            raise ValueError(
                f"`model` {folder}: {path.name} is a link: put the folder in its place"
            )
    for path in filter(Path.is_file, paths):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{sha256_of(path)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _paths_below(folder: Path) -> Iterator[Path]:
    """Yield all files and folders below a folder; unlike `rglob`, omit none that is forbidden."""

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        yield from (Path(parent, name) for name in (*folders, *names))


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file; 64 hex digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
