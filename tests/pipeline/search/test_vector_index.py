"""The copy of vectors in the cache: their values, and when it is made again."""

import datetime
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import UsageError
from pipeline.reader import load_embeddings
from pipeline.search import search_cache, vector_index
from pipeline.search.vector_index import VectorIndex
from pipeline.vectors.folder_files import files_so_far
from pipeline.vectors.vector_folder import open_vectors
from tests.pipeline.vectors import typed_folder
from tests.pipeline.vectors.typed_folder import FIELDS, IDS, typed_batch, typed_config, vectors_of


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(folder: Path, *parts: pa.RecordBatch, dtype: str = "float32") -> str:
    return str(typed_folder.write_typed(folder, typed_config(dtype=dtype), list(parts)))


def open_index(folder: str) -> tuple[VectorIndex, list[str]]:
    """Open the vectors, and return what was announced."""
    lines: list[str] = []
    vectors = open_vectors(folder, files_so_far(folder), "mean")
    return vector_index.open_index(vectors, lines.append), lines


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_vectors_have_length_one_and_rows_have_their_fields(dtype: str, tmp_path: Path) -> None:
    parts = [typed_batch(list(IDS), vectors_of(1, 3)), typed_batch(["x", "y"], vectors_of(9, 2))]
    folder = write(tmp_path / "out", *parts, dtype=dtype)
    index, (line,) = open_index(folder)
    assert line.startswith("copying 5 vectors (0.0 MB) to ")
    ids, vectors = load_embeddings(folder, "mean")
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(index.vectors, expected, rtol=1e-6)
    assert not index.had_length_one
    assert index.rows["id"].to_pylist() == ids
    for name, (_, values) in FIELDS.items():
        assert index.rows[name].to_pylist() == [*values, *values[:2]], name


def test_the_copy_is_used_until_the_folder_changes(tmp_path: Path, cache: Path) -> None:
    folder = write(tmp_path / "out", typed_batch(["a"], vectors_of(1, 1)))
    first, lines = open_index(folder)
    again, none = open_index(folder)
    assert (len(lines), none) == (1, [])
    assert np.array_equal(first.vectors, again.vectors)
    (old,) = (cache / "search").glob("*/*")
    assert old.stat().st_mode & 0o777 == 0o700
    for name, age in ((".copy-new", 0), (".copy-old", 100_000)):
        (old.parent / name).mkdir()
        os.utime(old.parent / name, (0, datetime.datetime.now().timestamp() - age))
    write(tmp_path / "out", typed_batch(["a", "b"], vectors_of(2, 2)))
    changed, lines = open_index(folder)
    assert (len(lines), changed.vectors.shape) == (1, (2, 3))
    names = {path.name for path in old.parent.iterdir()}
    assert len(names) == 2
    assert names & {".copy-new", ".copy-old", old.name} == {".copy-new"}
    # What was open before is still there.
    assert first.rows["id"].to_pylist() == ["a"]
    assert np.isfinite(first.vectors).all()


@pytest.mark.parametrize("name", ["vectors.npy", "rows.arrow", "about.json"])
@pytest.mark.parametrize("size", [None, 0, 130])
def test_a_damaged_copy_is_made_again(
    name: str, size: int | None, tmp_path: Path, cache: Path
) -> None:
    folder = write(tmp_path / "out", typed_batch(["a", "b"], vectors_of(1, 2)))
    first, _ = open_index(folder)
    expected = first.vectors.copy()
    (path,) = cache.glob(f"search/*/*/{name}")
    content = path.read_bytes()
    path.unlink()
    if size is not None:
        path.write_bytes(content[: min(size, len(content) - 1)])
    again, lines = open_index(folder)
    assert len(lines) == 1
    np.testing.assert_array_equal(again.vectors, expected)


def test_copies_of_deleted_folders_are_deleted(tmp_path: Path, cache: Path) -> None:
    first, second, third = (
        write(tmp_path / name, typed_batch(["a"], vectors_of(1, 1))) for name in "abc"
    )
    open_index(first)
    open_index(second)
    shutil.rmtree(first)
    open_index(third)
    kept = {json.loads(path.read_text())["folder"] for path in cache.glob("search/*/*/about.json")}
    assert kept == {second, third}


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    folder = write(tmp_path / "out", typed_batch(["a"], vectors_of(1, 1) * np.float32(np.inf)))
    with pytest.raises(ValueError, match="a vector has a value that is not finite"):
        open_index(folder)
    assert not list((cache / "search").glob("*/*"))


def test_a_folder_without_documents_has_no_rows(tmp_path: Path) -> None:
    folder = write(tmp_path / "out")
    index, _ = open_index(folder)
    assert index.vectors.shape == (0, 3)
    assert index.rows.num_rows == 0


def test_a_cache_that_cannot_be_written_is_named(cache: Path) -> None:
    error = PermissionError(13, "Permission denied", f"{cache}/search/x")
    match = "set BEAM_BERT_CACHE to a folder"
    with pytest.raises(UsageError, match=match), search_cache.cache_errors():
        raise error
    elsewhere = PermissionError(13, "Permission denied", "/somewhere")
    with pytest.raises(PermissionError), search_cache.cache_errors():
        raise elsewhere
