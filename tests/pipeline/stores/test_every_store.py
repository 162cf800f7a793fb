"""What holds for each store: its rows are those of the folder, however often a load was ended."""

import base64
import json
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.stores import store_kind
from pipeline.stores.store_kind import OpenStore
from tests.pipeline.stores.loading import IDS, Place, small_folder
from tests.pipeline.vectors.typed_folder import (
    FIELDS,
    typed_batch,
    typed_config,
    vectors_of,
    write_typed,
)


def vectors_in(place: Place) -> dict[str, list[float]]:
    return {id_: vector for id_, (vector, _) in place.rows().items()}


def expected(scale: float = 1.0) -> dict[str, list[float]]:
    return dict(zip(IDS, vectors_of(1, 5, scale).tolist(), strict=True))


def as_stored(store: str, value: Any) -> Any:
    """Return a value of a field as a store has it."""
    if store not in ("qdrant", "milvus") or value is None:
        return value
    if isinstance(value, list) and store == "milvus":
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("format_", ["tfrecord", "parquet"])
def test_rows_are_those_of_the_folder(place: Place, format_: str, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "out", format=format_)
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      5 of 5: 5 loaded, 0 were there" in printed
    assert "vectors   mean, 3 values of float32" in printed
    rows = place.rows()
    assert {id_: vector for id_, (vector, _) in rows.items()} == expected()
    for name, (_, values) in FIELDS.items():
        wanted = [as_stored(place.store, value) for value in [*values, *values[:2]]]
        assert [rows[id_][1].get(name) for id_ in IDS] == wanted, name


def test_a_second_load_writes_nothing_and_changed_vectors_replace(
    place: Place, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "out", format="parquet")
    place.load(folder)
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      5 of 5: 0 loaded, 5 were there" in printed
    shutil.rmtree(folder)
    small_folder(folder, 2.0, format="parquet")
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      5 of 5: 5 loaded, 0 were there" in printed
    assert "others" not in printed
    assert vectors_in(place) == expected(2.0)


def test_a_load_that_ended_anywhere_is_completed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_folder(tmp_path / "out", format="parquet")
    kind = store_kind.registry.plugins[place.store]
    monkeypatch.setattr(kind, "batch_bytes", 1)
    connect = kind.connect
    left = 2

    def connect_to_failing(*arguments: Any) -> OpenStore:
        store = connect(*arguments)
        write = store.write

        def write_or_end(rows: pa.RecordBatch) -> None:
            nonlocal left
            if not left:
                raise KeyboardInterrupt
            left -= 1
            write(rows)

        store.write = write_or_end
        return store

    monkeypatch.setattr(kind, "connect", connect_to_failing)
    status, printed = place.load(folder)
    assert status == 130
    assert "the same command loads the others" in printed
    monkeypatch.setattr(kind, "connect", connect)
    status, printed = place.load(folder)
    assert status == 0, printed
    assert vectors_in(place) == expected()


def test_a_folder_without_rows_makes_the_table(place: Place, tmp_path: Path) -> None:
    folder = write_typed(tmp_path / "out", typed_config(format="parquet"), [])
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      0 of 0" in printed
    assert place.rows() == {}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int8"])
def test_vectors_of_other_types(place: Place, dtype: str, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "out", format="parquet", dtype=dtype)
    words = ["--as", "float32"] if dtype == "int8" else []
    if dtype == "int8":
        status, printed = place.load(folder)
        assert status == 2
        assert "keeps no scale for each vector: give --as float32" in printed
    status, printed = place.load(folder, *words)
    assert status == 0, printed
    kept = dtype if dtype in store_kind.registry.plugins[place.store].widths else "float32"
    assert f"values of {kept}" in printed
    found, wanted = vectors_in(place), expected()
    for id_, vector in wanted.items():
        assert np.allclose(found[id_], vector, rtol=0.02), place


def test_rows_with_one_id_are_reported(place: Place, tmp_path: Path) -> None:
    vectors = vectors_of(1, 4)
    parts = [typed_batch(["a", "b"], vectors[:2]), typed_batch(["b", "c"], vectors[2:])]
    folder = write_typed(tmp_path / "out", typed_config(format="parquet"), parts)
    status, printed = place.load(folder)
    assert status == 1
    assert "the store has 3 of the 4 rows" in printed
    assert set(place.rows()) == {"a", "b", "c"}


def test_values_beyond_float16_are_refused_by_name(place: Place, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "out", 10_000.0, format="parquet")
    status, printed = place.load(folder, "--as", "float16")
    if place.store == "milvus":
        assert status == 2
        assert "--as is float16, and milvus holds float32" in printed
        return
    assert status == 1
    assert "rows      2 of 5: 2 loaded" in printed
    assert "refused   3: mean has a value beyond float16" in printed
    assert "not loaded: 'c': mean has a value beyond float16" in printed


def test_another_table_is_not_changed(place: Place, tmp_path: Path) -> None:
    place.load(small_folder(tmp_path / "out", format="parquet"))
    other = tmp_path / "other"
    other.mkdir()
    config = typed_config(format="parquet")
    vectors = np.ones([1, 3], np.float32)
    folder = write_typed(other, config, [typed_batch(["z"], vectors)])
    run = json.loads((folder / "run.json").read_text())
    assert run
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "others    5 rows are not of these parts" in printed
    assert set(place.rows()) == {*IDS, "z"}
