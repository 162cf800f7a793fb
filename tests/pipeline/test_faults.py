"""Faults around a job, and what each of them costs."""

import gzip
import json
import os
import shutil
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import reader, status
from pipeline.errors import JobError, UsageError
from pipeline.inputs import plan, prepare
from pipeline.manifest import DATA_FOLDERS, MANIFEST_FILE
from pipeline.options.embed_config import Limits
from pipeline.output import lock
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from pipeline.result import to_text
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.faulty_files import forbidden
from tests.pipeline import corpus
from transforms.bert.tensorflow_engine import TensorflowEngine
from transforms.io import attempts
from transforms.receipts import Receipt
from transforms.write import write_part


@pytest.fixture
def output(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished job, with its times."""
    return shutil.copytree(finished, tmp_path / "out")


def flip(path: Path) -> str:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return "has changed"


def cut(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:-5])
    return "bytes, not"


def remove(path: Path) -> str:
    path.unlink()
    return "is missing"


@pytest.mark.parametrize("damage", [flip, cut, remove])
def test_a_damaged_part_is_done_again_and_told(
    damage: object, output: Path, finished: Path, globs: list[str], tiny_path: Path
) -> None:
    for family in ("sequence/rows*", "rejected/packed*"):
        reason = damage(next(iter(sorted(output.glob(family)))))
    summary = corpus.embed(globs, output, tiny_path)
    assert len(summary.redone) == 2
    assert "redone      2 damaged parts: " in to_text(summary)
    assert all(reason in line for line in summary.redone)
    assert summary.parts_before == len(summary.progress.parts) - 2
    assert corpus.data_files(output) == corpus.data_files(finished)
    assert corpus.embed(globs, output, tiny_path).nothing_left


def test_a_receipt_that_was_cut_short_costs_its_part(
    output: Path, finished: Path, globs: list[str], tiny_path: Path
) -> None:
    receipt = sorted((output / "receipts").iterdir())[3]
    cut(receipt)
    (output / "manifest.json").unlink()
    summary = corpus.embed(globs, output, tiny_path)
    assert summary.parts_before == len(summary.progress.parts) - 1
    assert corpus.data_files(output) == corpus.data_files(finished)


def test_a_schema_or_transform_that_is_missing_is_written_again(
    output: Path, finished: Path, globs: list[str], tiny_path: Path
) -> None:
    names = ["pooled/schema.pbtxt", "transform_fn/saved_model.pb"]
    for name in names:
        (output / name).unlink()
    summary = corpus.embed(globs, output, tiny_path)
    assert summary.nothing_left
    assert all((output / name).exists() for name in names)
    assert (output / names[0]).read_bytes() == (finished / names[0]).read_bytes()
    assert corpus.data_files(output) == corpus.data_files(finished)


def test_files_that_were_only_touched_are_left(
    output: Path, globs: list[str], tiny_path: Path
) -> None:
    for path in output.rglob("*"):
        os.utime(path)
    assert corpus.embed(globs, output, tiny_path).nothing_left


@pytest.mark.slow
def test_a_folder_that_vanishes_fails_the_job_and_not_the_next(
    finished: Path,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vanished = []

    def vanishes_once(part: object, folder: str, config: object) -> Receipt:
        receipt = write_part(part, folder, config)
        if not vanished:
            vanished.append(folder)
            shutil.rmtree(folder, ignore_errors=True)
        return receipt

    monkeypatch.setattr("transforms.write.write_part", vanishes_once)
    with pytest.raises(JobError, match="the same command again"):
        corpus.embed(globs, tmp_path / "out", tiny_path)
    monkeypatch.undo()
    corpus.embed(globs, tmp_path / "out", tiny_path)
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(finished)


@pytest.mark.slow
def test_receipts_in_a_folder_that_lost_files_and_its_job_are_not_trusted(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "out")
    for name in (RUN_FILE, PLAN_FILE, MANIFEST_FILE):
        (tmp_path / "out" / name).unlink()
    for family in DATA_FOLDERS:
        next((tmp_path / "out" / family).glob("*-0*")).unlink()
    corpus.embed(globs, tmp_path / "out", tiny_path)
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(finished)


@pytest.mark.slow
def test_a_source_that_changes_or_goes_after_the_plan_costs_itself_alone(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for path in paths:
        # Too large to be read together with others.
        path.write_text("the cat\nsat on a mat\n" * 4)
        os.utime(path, (9, 9))

    def and_then_disturb(*arguments: Any) -> plan.InputPlan:
        planned = plan.plan_input(*arguments)
        os.utime(paths[0], (10, 10))
        # The sample of the analysis is planned too.
        if paths[1].exists():
            paths[1].rename(tmp_path / "gone")
        return planned

    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))
    planning = types.SimpleNamespace(plan_input=and_then_disturb)
    monkeypatch.setattr(prepare, "plan", planning)
    globs = list(map(str, paths))
    with pytest.raises(JobError) as broken:
        corpus.embed(globs, tmp_path / "out", tiny_path)
    message = str(broken.value)
    assert message.startswith(f"2 of 3 splits could not be read: {paths[0]} has changed since")
    assert f"{paths[1]} cannot be opened" in message
    assert "All others are done (1 parts)" in message
    assert not (tmp_path / "out/tmp").exists()

    monkeypatch.undo()
    with pytest.raises(UsageError, match=r"a\.txt has changed|no file matches"):
        corpus.embed(globs, tmp_path / "out", tiny_path)
    os.utime(paths[0], (9, 9))
    (tmp_path / "gone").rename(paths[1])
    summary = corpus.embed(globs, tmp_path / "out", tiny_path)
    assert (summary.parts_before, summary.progress.counts()["embedded"]) == (1, 24)


@pytest.mark.slow
def test_files_that_cannot_be_read_cost_themselves_until_they_can(
    tiny_path: Path, tmp_path: Path
) -> None:
    """Of thirty files three are forbidden, among them the first of the sample; then one is."""
    paths = [tmp_path / f"in/{n:02}{['.txt', '.csv', ''][n % 3]}" for n in range(30)]
    paths[0].parent.mkdir()
    for number, path in enumerate(paths):
        # Too large to be read together with others, and small enough for one part.
        lines = f"{corpus.sentence(number)}\n"
        lines *= 2 + 64 // len(lines)
        path.write_text(f"text\n{lines}" if path.suffix == ".csv" else lines)
    globs, lost = [str(tmp_path / "in")], [str(path) for path in paths[:3]]
    with forbidden(*lost), pytest.raises(JobError, match="All others are done") as broken:
        corpus.embed(globs, tmp_path / "out", tiny_path)
    message = str(broken.value)
    assert message.startswith("3 of 30 splits could not be read: ")
    assert all(path in message for path in lost)
    assert not (tmp_path / "out/manifest.json").exists()
    assert not status.measure(str(tmp_path / "out")).complete

    # A file that a plan has cut stays so, even if it cannot be read when the job continues.
    with forbidden(lost[1]), pytest.raises(JobError, match=r"1 of 30 splits .*01\.csv could not"):
        corpus.embed(globs, tmp_path / "out", tiny_path)
    with forbidden(str(paths[5])):
        summary = corpus.embed(globs, tmp_path / "out", tiny_path)
    assert summary.progress.complete
    assert verify(VerifyConfig(str(tmp_path / "out"))).faults == ()
    corpus.embed(globs, tmp_path / "undisturbed", tiny_path)
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(tmp_path / "undisturbed")


@pytest.mark.slow
def test_a_truncated_gzip_fails_the_job_at_its_end(tiny_path: Path, tmp_path: Path) -> None:
    lines = [f"{corpus.sentence(number)} {number**9}" for number in range(400)]
    packed = gzip.compress("\n".join(lines).encode(), mtime=0)
    (tmp_path / "cut.txt.gz").write_bytes(packed[: len(packed) * 2 // 3])
    (tmp_path / "sound.txt").write_text("the cat\n")
    globs = [str(tmp_path / "cut.txt.gz"), str(tmp_path / "sound.txt")]
    for _ in range(2):
        with pytest.raises(JobError) as broken:
            corpus.embed(globs, tmp_path / "out", tiny_path, limits=Limits(0.5))
        first, example, last = str(broken.value).splitlines()
        assert first == f"1 of 2 files are damaged and were read only in part: {globs[0]}"
        assert "cut.txt.gz:" in example
        assert "unreadable: the file is damaged from here on: Compressed file ended" in example
        assert last.startswith("The embedded documents stay valid")
    counts = json.loads((tmp_path / "out/manifest.json").read_text())["counts"]
    assert counts["documents"] == counts["embedded"] + 1
    assert 100 < counts["embedded"] < 400
    assert len(reader.load_embeddings(str(tmp_path / "out")).ids) == counts["embedded"]


def test_a_second_job_in_the_folder_is_refused(
    output: Path, globs: list[str], tiny_path: Path
) -> None:
    with lock.hold(str(output)), pytest.raises(UsageError, match="another embed is running in it"):
        corpus.embed(globs, output, tiny_path)
    assert corpus.embed(globs, output, tiny_path).nothing_left


@pytest.mark.slow
def test_a_document_that_the_model_fails_on_is_rejected(
    finished: Path,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = TensorflowEngine.run
    bad = [2, 11, 15, 20, 3]

    def fails(self: TensorflowEngine, input_ids: np.ndarray, *others: np.ndarray) -> tuple:
        if any(row[:5].tolist() == bad for row in input_ids):
            raise MemoryError("no room for this one")
        return run(self, input_ids, *others)

    monkeypatch.setattr(TensorflowEngine, "run", fails)
    monkeypatch.setattr("transforms.encode._LOADED", {})
    summary = corpus.embed(globs, tmp_path / "out", tiny_path, limits=Limits(0.2))
    reasons = summary.progress.reasons()
    sound = reader.load_embeddings(str(finished))
    expected = sum(
        document.input_ids[:5].tolist() == bad
        for document in reader.iterate_sequences(str(finished))
    )
    assert reasons["model_failed"] == expected > 0
    others = reader.load_embeddings(str(tmp_path / "out"))
    assert len(others.ids) == len(sound.ids) - expected
    vectors = dict(zip(*sound, strict=True))
    for id_, vector in zip(*others, strict=True):
        np.testing.assert_allclose(vector, vectors[id_], atol=1e-5)
