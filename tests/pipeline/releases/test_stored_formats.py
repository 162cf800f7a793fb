"""Folders that releases wrote are read, verified, continued and updated by this one."""

import json
from pathlib import Path

import numpy as np
import pytest

import beam_bert
from pipeline import cli
from pipeline.options.identity_version import IDENTITY_VERSION
from tests.paths import DATA
from tests.pipeline.releases import stored_folders

OPENED = ["job", "generations"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stored_folders_are_small() -> None:
    for folder in (DATA / "formats").glob("*/*"):
        assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 100_000


def test_a_folder_of_0_2_0_is_read(folder: Path) -> None:
    stored_folders.restore("0.2.0", "job", folder)
    ids, vectors = beam_bert.load_embeddings("output", "mean")
    assert ids == ["one", "three", "four", "five"]
    assert vectors.shape == (4, 8)
    # The module computes with multiples of 1/8: the sums are exact.
    tokens = list(beam_bert.iterate_sequences("output"))
    assert [one.tokens[1] for one in tokens] == ["the", "un", "the", "a"]
    means = [one.vectors.mean(axis=0) for one in tokens]
    np.testing.assert_allclose(vectors, means, rtol=1e-6)
    kept = [record["k"].tolist() for record in beam_bert.iterate_records("output", "pooled")]
    assert kept == [[20], [11], [11], [6]]
    assert (Path("output") / "rejected").exists()


def test_both_generations_of_a_folder_of_0_2_0_are_read(folder: Path) -> None:
    stored_folders.restore("0.2.0", "generations", folder)
    first = beam_bert.load_embeddings("output", generation=1)
    second = beam_bert.load_embeddings("output")
    assert first.ids == ["one", "three"]
    assert second.ids == ["one", "three", "four", "five"]
    assert (first.vectors[0] != second.vectors[0]).any()
    assert (first.vectors[1] == second.vectors[1]).all()


@pytest.mark.parametrize("job", OPENED)
def test_a_folder_of_0_2_0_has_no_faults(
    job: str, folder: Path, capsys: pytest.CaptureFixture
) -> None:
    stored_folders.restore("0.2.0", job, folder)
    assert cli.main(["verify", "output"]) == 0
    assert capsys.readouterr().out.startswith("no faults: ")
    assert cli.main(["status", "output", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["complete"]
    assert status["documents"] == (5 if job == "job" else 4)


@pytest.mark.slow
def test_the_same_command_continues_a_folder_of_0_2_0(folder: Path) -> None:
    command = stored_folders.restore("0.2.0", "job", folder)
    output = folder / "output"
    before = stored_folders.contents(output)
    assert cli.main(command) == 0
    after = stored_folders.contents(output)
    after.pop("report.html", None)
    assert after == before
    (receipt,) = output.glob("receipts/*.json")
    for path in (receipt, *output.glob("pooled/*.tfrecord"), output / "manifest.json"):
        path.unlink()
    # As if an earlier identity version had begun it.
    run = json.loads(before["run.json"])
    assert run.pop("identity_version") == IDENTITY_VERSION
    (output / "run.json").write_text(json.dumps(run))
    assert cli.main(command) == 0
    again = stored_folders.contents(output)
    again.pop("report.html", None)
    name = f"receipts/{receipt.name}"
    # A new field needs another identity version.
    assert json.loads(again[name]).keys() == json.loads(before[name]).keys()
    assert {path for path in before if before[path] != again[path]} == {name}


@pytest.mark.slow
def test_a_folder_of_0_2_0_is_updated(folder: Path) -> None:
    command = stored_folders.restore("0.2.0", "generations", folder)
    before = beam_bert.load_embeddings("output")
    (folder / "corpus/c.jsonl").write_text('{"id": "six", "text": "the mat", "k": 7}\n')
    assert cli.main(command) == 0
    after = beam_bert.load_embeddings("output", generation=3)
    assert after.ids == [*before.ids, "six"]
    np.testing.assert_array_equal(after.vectors[:-1], before.vectors)
    kept = beam_bert.load_embeddings("output", generation=2)
    np.testing.assert_array_equal(kept.vectors, before.vectors)
    assert cli.main(["verify", "output", "--sample", "9"]) == 0


@pytest.mark.slow
def test_a_job_of_0_1_0_is_begun_again_from_its_run_json(folder: Path) -> None:
    stored_folders.restore("0.1.0", "job", folder)
    old = set(stored_folders.contents(folder / "output"))
    words = ["--config", "output/run.json", "--output", "output", "--max_rejected", "0.5"]
    assert cli.main(["embed", *words, "--overwrite"]) == 0
    vectors = beam_bert.load_embeddings("output", "mean")
    assert vectors.ids == ["one", "three", "four", "five"]
    assert list(beam_bert.iterate_sequences("output"))
    # The names of its parts had fewer digits.
    parts = {name for name in old if "/a-0" in name}
    assert len(parts) == 4
    assert not parts & set(stored_folders.contents(folder / "output"))
