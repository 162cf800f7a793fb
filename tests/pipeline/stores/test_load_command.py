"""What `load` says of a folder, of a URL and of a store that it cannot use."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from tests.pipeline.stores.loading import IDS, load, place_of, small_folder
from tests.pipeline.stores.stored_rows import READERS
from tests.pipeline.vectors.typed_folder import typed_batch, typed_config, vectors_of, write_typed


def test_a_running_job_is_loaded_as_far_as_it_is(finished: Path, tmp_path: Path) -> None:
    folder, url = tmp_path / "out", f"faiss:{tmp_path}/f.index"
    shutil.copytree(finished, folder)
    manifest = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").unlink()
    receipt = next((folder / "receipts").glob("rows-000000000000-*"))
    content = receipt.read_bytes()
    receipt.unlink()
    rows = sum(part["counts"]["embedded"] for part in json.loads(manifest)["parts"])
    missing = json.loads(content)["counts"]["embedded"]
    status, printed = load(folder, url)
    assert status == 0, printed
    assert f"rows      {rows - missing} of {rows - missing}:" in printed
    assert "pending   1 ranges of the input are not embedded yet: run load again" in printed
    receipt.write_bytes(content)
    status, printed = load(folder, url)
    assert f"rows      {rows} of {rows}: {missing} loaded, {rows - missing} were there" in printed
    assert "pending" not in printed
    (folder / "manifest.json").write_bytes(manifest)
    status, printed = load(folder, url)
    assert f"rows      {rows} of {rows}: 0 loaded" in printed


def test_a_job_without_a_finished_part_has_nothing_to_load(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("receipts", "manifest.json"))
    status, printed = load(folder, f"faiss:{tmp_path}/f.index")
    assert status == 2
    assert "has no finished part yet: run the same load later" in printed


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("faiss:{}/none/f.index", "/none: make it first"),
        ("faiss:{}", "is a folder"),
        ("faiss:{}/f?table=x", "it has a table: name none, as in faiss:articles.index"),
        ("lancedb:{}/l?table=a&x=1", "x= is not a parameter of this store"),
        ("milvus:{}/m.db?collection=a-b", "'a-b' has characters that names in Milvus"),
        (f"postgresql://h/d?table={'x' * 64}", "has over 63 bytes"),
        ("nothing", "it has no scheme"),
    ],
)
def test_a_wrong_url_is_wrong_usage(url: str, message: str, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "out", format="parquet")
    status, printed = load(folder, url.format(tmp_path))
    assert status == 2
    assert message in printed


def test_a_missing_client_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "lancedb" else find(name)
    )
    status, printed = load(tmp_path, f"lancedb:{tmp_path}/l?table=a")
    assert status == 2
    assert "the package lancedb is not installed; pip install 'beam-bert[lancedb]'" in printed


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush@127.0.0.1:1/db?table=a",
        "postgresql://me@127.0.0.1:1/db?table=a&password=hush",
        "qdrant+http://127.0.0.1:1?collection=a&api_key=hush",
    ],
)
def test_a_store_that_does_not_answer_is_an_error_without_its_secrets(
    url: str, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "out", format="parquet")
    status, printed = load(folder, url)
    assert status == 1
    assert "refused" in printed.lower()
    assert "The rows that the store has stay; the same command loads the others" in printed
    assert "hush" not in printed


def test_a_field_with_the_name_of_the_column_of_parts_is_refused(tmp_path: Path) -> None:
    part = typed_batch(["a"], vectors_of(0, 1))
    names = [name.replace("fields.title", "fields._part") for name in part.schema.names]
    config = typed_config(format="parquet")
    kept = ("_part:string", *config.keep_fields[1:])
    folder = write_typed(
        tmp_path / "out",
        type(config)(config.features, keep_fields=kept, format="parquet"),
        [part.rename_columns(names)],
    )
    status, printed = load(folder, f"faiss:{tmp_path}/f.index")
    assert status == 2
    assert "a kept field has the name _part" in printed


def test_another_feature_or_metric_is_not_taken_for_the_same(tmp_path: Path) -> None:
    folder, url = small_folder(tmp_path / "out", format="parquet"), f"faiss:{tmp_path}/f.index"
    assert load(folder, url, "--feature", "mean")[0] == 0
    status, printed = load(folder, url, "--feature", "pooled_output")
    assert (status, "exists, and has other vectors" in printed) == (2, True)
    status, printed = load(folder, url, "--feature", "mean", "--metric", "l2")
    assert (status, "exists, and has other vectors" in printed) == (2, True)


@pytest.mark.parametrize("store", ["qdrant", "milvus"])
def test_a_collection_with_another_metric_is_refused(store: str, tmp_path: Path) -> None:
    place = place_of(store, tmp_path)
    folder = small_folder(tmp_path / "out", format="parquet")
    assert place.load(folder)[0] == 0
    status, printed = load(folder, place.url, "--feature", "mean", "--metric", "l2")
    assert status == 2, printed
    assert "name another collection" in printed


def replace_or_end(after: int) -> Any:
    """Return a `Path.replace` that is interrupted after some calls."""
    replace, calls = Path.replace, 0

    def ending(path: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls > after:
            raise KeyboardInterrupt
        return replace(path, target)

    return ending


@pytest.mark.parametrize(("after", "present"), [(0, 0), (1, 5)])
def test_files_of_faiss_belong_together_whenever_their_writing_ends(
    after: int, present: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = small_folder(tmp_path / "out", format="parquet"), f"faiss:{tmp_path}/f.index"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_or_end(after))
        assert cli.main(["load", str(folder), "--to", url]) == 130
    status, printed = load(folder, url)
    assert status == 0, printed
    assert f"{5 - present} loaded, {present} were there" in printed
    assert {path.name for path in tmp_path.glob("f.*")} == {"f.index", "f.index.rows.parquet"}
    assert set(READERS["faiss"](url)) == set(IDS)


def test_files_of_faiss_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    folder, url = small_folder(tmp_path / "out", format="parquet"), f"faiss:{tmp_path}/f.index"
    assert load(folder, url)[0] == 0
    rows = tmp_path / "f.index.rows.parquet"
    for path in (tmp_path / "f.index", rows):
        path.write_bytes(b"other")
        status, printed = load(folder, url)
        assert status == 2
        assert "do not belong together: delete both, or name another file" in printed
    rows.unlink()
    status, printed = load(folder, url)
    assert status == 2
    assert "f.index exists, and no load wrote it: name another file" in printed
    assert (tmp_path / "f.index").read_bytes() == b"other"
