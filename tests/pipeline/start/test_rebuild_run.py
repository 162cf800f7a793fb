"""A damaged run.json is made again, if nothing in the folder says that it is another job."""

import json
import shutil
from pathlib import Path

import pytest

from pipeline import graphs
from pipeline.errors import JobError, UsageError
from tests.pipeline import corpus
from tests.pipeline.test_damage import is_sound
from tests.pipeline.verify.damaging import check, edit_json, first


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished job whose run.json is damaged."""
    output = Path(shutil.copytree(finished, tmp_path / "out"))
    (output / "run.json").write_bytes(b"")
    return output


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def facts_of(folder: Path) -> dict[str, object]:
    """Return the content of run.json without what names the folder or its files."""
    run = json.loads((folder / "run.json").read_text())
    return run | {"command": None, "transform": run["transform"] | {"sha256": None}}


def test_a_receipt_of_another_job_keeps_the_folder_as_it_is(
    out: Path, globs: list[str], tiny_path: Path
) -> None:
    edit_json(first(out, "receipts/*"), lambda receipt: receipt.update(key="0" * 64))
    before = tree(out)
    count = len(list(out.glob("receipts/*")))
    message = rf"run.json is damaged, and 1 of the {count} receipts there belong to another job"
    with pytest.raises(UsageError, match=message) as refused:
        corpus.embed(globs, out, tiny_path)
    assert len(str(refused.value).splitlines()) == 2
    assert tree(out) == before
    assert not (out / "tmp").exists()


def test_an_analysis_that_fails_leaves_all_for_the_next_call(
    out: Path, finished: Path, globs: list[str], tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no memory")

    before = tree(out)
    with monkeypatch.context() as patch:
        patch.setattr(graphs, "build_analyze", fail)
        with pytest.raises(JobError, match=r"could not be written again: no memory\.\n"):
            corpus.embed(globs, out, tiny_path)
    assert tree(out) == before
    # Nor is a transform run that anybody has put there.
    (out / "transform_fn/saved_model.pb").write_bytes(b"\xff")
    assert corpus.embed(globs, out, tiny_path).nothing_left
    assert corpus.data_files(out) == corpus.data_files(finished)
    assert is_sound(out)
    assert check(out).faults == ()
    assert facts_of(out) == facts_of(finished)
