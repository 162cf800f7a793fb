"""The vectors of a job as one matrix that is mapped into memory, and the fields of its records."""

import contextlib
import dataclasses
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.search import search_cache
from pipeline.search.nearest import normalized
from pipeline.vectors.vector_folder import VectorFolder
from transforms.documents import hash_json
from transforms.io import durable

_VERSION = 1
_VECTORS, _ROWS, _ABOUT = "vectors.npy", "rows.arrow", "about.json"
# Lengths of vectors that were scaled to 1 before they were rounded to int8 or bfloat16.
_ALMOST_ONE = 0.005
_KEY_DIGITS = 16
# The names of copies that are not complete, and the seconds after which nobody writes them.
_NEW, _OLD = ".copy-", 86_400
Announce = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class VectorIndex:
    """The vectors of a job.

    Attributes:
        vectors: float32 [rows, width], scaled to length 1; read from the disk as they are used.
        rows: `id` and the kept fields of each.
        had_length_one: whether the job stored them with that length.
    """

    vectors: np.ndarray
    rows: pa.Table
    had_length_one: bool


def open_index(folder: VectorFolder, announce: Announce) -> VectorIndex:
    """Open the vectors in the cache; copy them there first if they are not there.

    Args:
        folder: the records of the job.
        announce: takes a line about work that takes time.

    Raises:
        UsageError: the cache cannot be written.
        ValueError: a file of records is damaged, or a vector is not finite.
        OSError: a file cannot be read or written.
    """
    place = search_cache.folder_of_vectors(folder.folder, folder.feature)
    target = place / _key(folder)
    index = _open_if_whole(target)
    if index is None:
        size = 4 * folder.width * folder.files.records
        announce(
            f"copying {folder.files.records:,} vectors ({size / 1e6:,.1f} MB) to {target}, once"
        )
        with search_cache.cache_errors():
            _build(folder, target)
        _delete_others(place, target)
        _delete_orphans(place.parent)
        index = _open(target)
    return index


def _key(folder: VectorFolder) -> str:
    """Return a hash of the content of the files."""
    files = [(file.path, file.records, file.sha256) for file in folder.files.files]
    return hash_json([_VERSION, folder.feature, folder.width, files])[:_KEY_DIGITS]


def _build(folder: VectorFolder, target: Path) -> None:
    try:
        with durable.new_folder(target, _NEW) as (new, _):
            # Kept fields are as private as the output folder may be.
            new.mkdir(mode=0o700)
            lengths_are_one = _copy(folder, new)
            about = {
                "folder": search_cache.place_of(folder.folder),
                "had_length_one": lengths_are_one,
            }
            (new / _ABOUT).write_text(json.dumps(about))
    except (OSError, ValueError):
        # Another process may have just written it.
        if not (target / _ABOUT).is_file():
            raise


def _copy(folder: VectorFolder, new: Path) -> bool:
    """Write the vectors and the fields; return whether all vectors had the length 1."""
    rows, lengths_are_one = folder.files.records, True
    vectors = np.lib.format.open_memmap(
        new / _VECTORS, mode="w+", dtype=np.float32, shape=(rows, folder.width)
    )
    fields = pa.schema([field for field in folder.schema if field.name != folder.feature])
    start = 0
    with pa.OSFile(str(new / _ROWS), "wb") as sink, pa.ipc.new_file(sink, fields) as writer:
        for batch in (batch for file in folder.files.files for batch in folder.read(file)):
            values = batch.column(folder.feature).flatten().to_numpy()
            matrix = values.reshape(batch.num_rows, folder.width)
            lengths_are_one &= _have_length_one(matrix)
            vectors[start : start + batch.num_rows] = normalized(matrix)
            writer.write_batch(batch.select(fields.names))
            start += batch.num_rows
    vectors.flush()
    return lengths_are_one


def _have_length_one(vectors: np.ndarray) -> bool:
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.isfinite(lengths).all():
        raise ValueError("a vector has a value that is not finite")
    return bool((np.abs(lengths - 1) < _ALMOST_ONE).all())


def _delete_others(place: Path, target: Path) -> None:
    """Delete the vectors of earlier states of the folder; processes that read them go on."""
    for path in place.iterdir():
        if path != target and not _is_being_written(path):
            shutil.rmtree(path, ignore_errors=True)


def _delete_orphans(places: Path) -> None:
    """Delete the vectors of folders of this machine that are not there any more."""
    for path in places.glob(f"*/*/{_ABOUT}"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            folder = json.loads(path.read_bytes())["folder"]
            if "://" not in folder and not os.path.lexists(folder):
                shutil.rmtree(path.parent.parent)


def _is_being_written(path: Path) -> bool:
    """Whether another process may still write a copy; that of a killed process is old."""
    try:
        return path.name.startswith(_NEW) and time.time() - path.stat().st_mtime < _OLD
    except FileNotFoundError:
        return False


def _open_if_whole(target: Path) -> VectorIndex | None:
    """Open a copy; None if there is none, or a file of it is missing or damaged."""
    try:
        return _open(target)
    except (OSError, EOFError, ValueError, KeyError):
        shutil.rmtree(target, ignore_errors=True)
        return None


def _open(target: Path) -> VectorIndex:
    vectors: np.ndarray = np.load(target / _VECTORS, mmap_mode="r", allow_pickle=False)
    rows = pa.ipc.open_file(pa.memory_map(str(target / _ROWS))).read_all()
    about = json.loads((target / _ABOUT).read_bytes())
    if len(vectors) != rows.num_rows:
        raise ValueError(f"{target} has {len(vectors)} vectors of {rows.num_rows} records")
    return VectorIndex(vectors, rows, bool(about["had_length_one"]))
