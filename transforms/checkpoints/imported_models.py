"""Find the module that a handle means, and import checkpoints into the cache on first use.

An import of the same files by the same TensorFlow writes the same bytes, so a handle of a
checkpoint has the same fingerprint on every machine.
"""

import dataclasses
import hashlib
import logging
from importlib import metadata
from pathlib import Path

from transforms.bert import model_files
from transforms.caching import model_cache
from transforms.checkpoints import checkpoint_prefix, checkpoint_sources, minilm
from transforms.checkpoints.checkpoint import Checkpoint, UnstatedError
from transforms.checkpoints.checkpoint_sources import CheckpointSource

# Increased whenever an import of the same files writes other files.
_IMPORT_VERSION = 6
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class FoundModel:
    """The module of a handle.

    Attributes:
        folder: of the module; it may have to be made yet.
        source: the checkpoint that is imported; None if the handle means a module.
        key: of the checkpoint's files when it was found; empty if they cannot change.
    """

    folder: Path
    source: Path | None = None
    key: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether the module is there. To make it takes TensorFlow, and time."""
        return self.source is None or _is_imported(self.folder)

    def make(self) -> Path:
        """Return the folder of the module, after importing the checkpoint if necessary.

        Raises:
            ValueError: the checkpoint cannot be imported or changed since it was found, or the
                cache cannot be written.
            OSError: a disk is full, or fails.
        """
        if self.source is not None and not self.is_ready:
            _LOG.info("importing %s into %s", self.source, self.folder)
            self._import(self.source)
        return self.folder

    def _import(self, source: Path) -> None:
        from transforms.checkpoints.importing import write_module

        checkpoint = _read(source)
        if self.key and _key_of(source) != self.key:
            raise ValueError(
                f"`model` {source}: its files changed while they were read: run the command again, "
                "or give a checkpoint that is not replaced"
            )
        try:
            with model_cache.cache_errors():
                write_module(checkpoint, self.folder)
        except (OSError, ValueError):
            # Another process of this machine may have just imported it.
            if not self.is_ready:
                raise


def find(handle: str) -> FoundModel:
    """Find the module that a handle means; fetch or unpack it if necessary.

    Args:
        handle: `minilm`; a folder or an archive of a module or of a checkpoint; the prefix of a
            TensorFlow checkpoint; or a URL. See `model_files.fetch_module`.

    Raises:
        ValueError: there is no usable module or checkpoint, or the cache cannot be written.
        OSError: a file cannot be read.
    """
    if minilm.is_default(handle):
        folder = _module_folder(minilm.NAME, minilm.WEIGHTS_SHA256)
        return FoundModel(folder, None if _is_imported(folder) else minilm.weights_folder())
    is_prefix = "://" not in handle and checkpoint_prefix.prefix_named_by(Path(handle)) is not None
    path = Path(handle) if is_prefix else model_files.fetch_module(handle)
    if _is_module(path):
        return FoundModel(path)
    key = _key_of(path)
    return FoundModel(_module_folder("checkpoint", key), path, key)


def check_path(handle: str) -> None:
    """Check that a handle may mean a module or a checkpoint; nothing is unpacked, read or fetched.

    Raises:
        ValueError: nothing usable is at the path, or the default model is not installed.
        OSError: a folder cannot be read.
    """
    if minilm.is_default(handle):
        if not _is_imported(_module_folder(minilm.NAME, minilm.WEIGHTS_SHA256)):
            minilm.installed_folder()
    elif "://" not in handle and checkpoint_prefix.prefix_named_by(Path(handle)) is None:
        path = Path(handle)
        if not model_files.is_archive(path) and not _is_module(model_files.local_folder(handle)):
            _source_of(path)


def resolve(handle: str) -> Path:
    """Return the folder of the module that a handle means; import a checkpoint on first use.

    Raises:
        ValueError: see `find` and `FoundModel.make`.
        OSError: a file cannot be read or written.
    """
    return find(handle).make()


def _is_module(folder: Path) -> bool:
    return (folder / "saved_model.pb").is_file()


@model_cache.cache_errors()
def _is_imported(folder: Path) -> bool:
    """Return whether a folder of the cache is a module."""
    return _is_module(folder)


def _module_folder(name: str, sha256: str) -> Path:
    """Return the folder in the cache of the module that files with a sha256 are imported to."""
    version = f"import{_IMPORT_VERSION}-tf{metadata.version('tensorflow')}"
    return model_cache.cache_folder() / f"{name}-{sha256[:12]}-{version}"


def _key_of(path: Path) -> str:
    """Return the key of the checkpoint that a path means now.

    Raises:
        ValueError: it means none.
        OSError: a file cannot be read.
    """
    source = _source_of(path)
    try:
        return _key(source)
    except ValueError as error:
        raise ValueError(f"`model` {path}: {error}") from error


def _source_of(path: Path) -> CheckpointSource:
    try:
        source = checkpoint_sources.find_source(path)
    except ValueError as error:
        raise ValueError(f"`model` {error}") from error
    if source is None:
        raise ValueError(f"`model` {checkpoint_sources.describe(path)}")
    return source


def _key(source: CheckpointSource) -> str:
    """Hash the files that an import reads, and the folder's name if it says how to read them."""
    digest = hashlib.sha256()
    if source.prefix is not None:
        digest.update(
            f"{source.folder.resolve().name}\0{source.prefix.name}\n".encode(
                errors="surrogateescape"
            )
        )
    for path in source.files():
        name = path.relative_to(source.folder).as_posix()
        digest.update(f"{name}\0{model_files.sha256_of(path)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _read(source: Path) -> Checkpoint:
    from transforms.checkpoints.checkpoint_folders import read_checkpoint

    try:
        return read_checkpoint(source)
    except UnstatedError as error:
        raise UnstatedError(
            f"`model` {error} to import-model, and name the module that it writes", error.setting
        ) from error
    except ValueError as error:
        raise ValueError(f"`model` {error}") from error
