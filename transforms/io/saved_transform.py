"""Read and write a saved transform on Beam's file systems, such as gs://, s3:// and hdfs://."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

import tensorflow_transform as tft

from transforms.io import durable, storage
from transforms.io.tree_digest import hash_tree

FOLDERS = (
    tft.TFTransformOutput.TRANSFORM_FN_DIR,
    tft.TFTransformOutput.TRANSFORMED_METADATA_DIR,
)
_BLOCK = 1 << 20


def tensorflow_reads(folder: str) -> bool:
    """Whether TensorFlow opens the files of a folder: only those of this machine.

    TensorFlow can open gs:// too, but takes credentials and an address from other settings than
    Beam's file systems, which a job configures.
    """
    return "://" not in folder


def check_sha256(folder: str, sha256: str | None) -> None:
    """Check that a transform has the given hash, unless it is None.

    Raises:
        OSError: a file cannot be read.
        ValueError: it has another.
    """
    if sha256 is not None and hash_tree(folder, FOLDERS) != sha256:
        raise ValueError(f"the transform in {folder} is damaged; the same command makes it again")


@contextlib.contextmanager
def readable_copy(folder: str) -> Iterator[str]:
    """Yield a folder in which TensorFlow can open the transform: this one or a temporary copy."""
    if tensorflow_reads(folder):
        yield folder
        return
    with _temporary_folder() as copy:
        _download(folder, copy)
        yield copy


@contextlib.contextmanager
def temporary_folder(output: str) -> Iterator[str]:
    """Yield a new folder to which TensorFlow can write, and delete it at the end.

    Args:
        output: an output folder. On this machine the new folder is in it, so that the next call
            deletes what a killed one leaves.
    """
    if not tensorflow_reads(output):
        with _temporary_folder() as copy:
            yield copy
        return
    parent = storage.within(output, storage.TEMPORARY)
    durable.make_folder(parent)
    folder = tempfile.mkdtemp(prefix="transform-", dir=parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # Unless it has other files.
        with contextlib.suppress(OSError):
            os.rmdir(parent)


def copy(source: str, output: str) -> None:
    """Copy a transform of this machine to an output folder, so that it lasts through a power cut.

    The file that marks it as complete is written last.

    Raises:
        OSError: the output folder cannot be written.
    """
    paths = [
        os.path.relpath(os.path.join(parent, name), source)
        for subfolder in FOLDERS
        for parent, _, names in os.walk(os.path.join(source, subfolder))
        for name in names
    ]
    for path in sorted(paths, key=lambda path: os.path.basename(path) == "saved_model.pb"):
        with (
            open(os.path.join(source, path), "rb") as stored,
            storage.atomic_write(output, path) as target,
        ):
            while block := stored.read(_BLOCK):
                target.write(block)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="beam-bert-transform-", ignore_cleanup_errors=True)


def _download(folder: str, copy: str) -> None:
    for name in FOLDERS:
        root = storage.join(folder, name)
        for metadata in storage.match(f"{root}/**"):
            path = os.path.join(copy, name, *_names_below(metadata.path, root))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with (
                contextlib.closing(storage.open_for_reading(metadata.path)) as source,
                open(path, "xb") as target,
            ):
                shutil.copyfileobj(source, target, _BLOCK)


def _names_below(path: str, root: str) -> list[str]:
    names = path.removeprefix(root).strip("/").split("/")
    if any(name in ("", ".", "..") for name in names):
        raise ValueError(f"{path} points outside the folder")
    return names
