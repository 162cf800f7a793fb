"""Rows that are windows are rows of a store, with their places."""

from pathlib import Path

import pytest

from tests.pipeline import test_window_rows
from tests.pipeline.stores.loading import load
from tests.pipeline.stores.stored_rows import READERS
from transforms.rows.row_config import RowConfig


@pytest.mark.slow
def test_windows_are_rows_with_their_places(tiny_path: Path, tmp_path: Path) -> None:
    settings = {"rows": RowConfig("windows", keep_text=True), "features": ("mean",)}
    out = test_window_rows.embed(tmp_path, tiny_path, **settings)
    wanted = {row["id"].decode(): row for row in test_window_rows.records(out)}
    url = f"faiss:{tmp_path}/f.index"
    status, printed = load(out, url)
    assert status == 0, printed
    rows = {id_: row for id_, (_, row) in READERS["faiss"](url).items()}
    assert set(rows) == set(wanted)
    assert any("#" in id_ for id_ in rows)
    for id_, row in rows.items():
        for name in ("document_id", "text"):
            assert row[name] == wanted[id_][name].decode()
        for name in ("window", "num_windows", "window_start", "window_end"):
            assert row[name] == wanted[id_][name]
