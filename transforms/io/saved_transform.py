"""A saved transform on file systems that Beam opens, such as gs://, s3:// and hdfs://."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator

import tensorflow_transform as tft
from apache_beam.io.filesystems import FileSystems

from transforms.io import storage

FOLDERS = (
    tft.TFTransformOutput.TRANSFORM_FN_DIR,
    tft.TFTransformOutput.TRANSFORMED_METADATA_DIR,
)
_BLOCK = 1 << 20


def tensorflow_reads(folder: str) -> bool:
    """Whether TensorFlow is to open what lies in a folder: only on this machine.

    It knows gs:// too, but by credentials and an address of its own; Beam's file systems are what
    a job is told of.
    """
    return "://" not in folder


@contextlib.contextmanager
def readable_copy(folder: str) -> Iterator[str]:
    """Give a folder in which TensorFlow can open the transform: this one, or a copy for a while."""
    if tensorflow_reads(folder):
        yield folder
        return
    copy = tempfile.mkdtemp(prefix="beam-bert-transform-")
    try:
        _fetch(folder, copy)
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


@contextlib.contextmanager
def writable_copy(folder: str) -> Iterator[str]:
    """Give a folder that TensorFlow can write a transform to; at the end it is in `folder`."""
    if tensorflow_reads(folder):
        yield folder
        return
    copy = tempfile.mkdtemp(prefix="beam-bert-transform-")
    try:
        yield copy
        _store(copy, folder)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _fetch(folder: str, copy: str) -> None:
    for name in FOLDERS:
        root = FileSystems.join(folder, name)
        for metadata in FileSystems.match([f"{root}/**"])[0].metadata_list:
            path = os.path.join(copy, name, *_below(metadata.path, root))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with (
                contextlib.closing(storage.open_for_reading(metadata.path)) as source,
                open(path, "xb") as target,
            ):
                shutil.copyfileobj(source, target, _BLOCK)


def _below(path: str, root: str) -> list[str]:
    names = path.removeprefix(root).strip("/").split("/")
    if any(name in ("", ".", "..") for name in names):
        raise ValueError(f"{path} points outside the folder")
    return names


def _store(copy: str, folder: str) -> None:
    """Put the files of a transform in place; the one that tells that it is there comes last."""
    paths = [
        os.path.relpath(os.path.join(place, name), copy)
        for part in FOLDERS
        for place, _, names in os.walk(os.path.join(copy, part))
        for name in names
    ]
    for path in sorted(paths, key=lambda path: os.path.basename(path) == "saved_model.pb"):
        with (
            open(os.path.join(copy, path), "rb") as source,
            storage.atomic_write(folder, path) as target,
        ):
            while block := source.read(_BLOCK):
                target.write(block)
