"""Read and write a saved transform on Beam's file systems, such as gs://, s3:// and hdfs://."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

import tensorflow_transform as tft
from apache_beam.io.filesystems import FileSystems

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
def writable_copy(folder: str) -> Iterator[str]:
    """Yield a folder to which TensorFlow can write a transform; copy it to `folder` at the end.

    When the block has ended, the transform lasts through a power cut.
    """
    if tensorflow_reads(folder):
        yield folder
        for name in FOLDERS:
            durable.force_tree(os.path.join(folder, name))
        return
    with _temporary_folder() as copy:
        yield copy
        _upload(copy, folder)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="beam-bert-transform-", ignore_cleanup_errors=True)


def _download(folder: str, copy: str) -> None:
    for name in FOLDERS:
        root = FileSystems.join(folder, name)
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


def _upload(copy: str, folder: str) -> None:
    """Copy the files of a transform, last the one that marks it as complete."""
    paths = [
        os.path.relpath(os.path.join(parent, name), copy)
        for subfolder in FOLDERS
        for parent, _, names in os.walk(os.path.join(copy, subfolder))
        for name in names
    ]
    for path in sorted(paths, key=lambda path: os.path.basename(path) == "saved_model.pb"):
        with (
            open(os.path.join(copy, path), "rb") as source,
            storage.atomic_write(folder, path) as target,
        ):
            while block := source.read(_BLOCK):
                target.write(block)
