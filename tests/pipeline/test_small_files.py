"""Small files that are read together: the account, the order and the checks are those of each."""

import json
import os
import shutil
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import manifest, reader
from pipeline.errors import JobError
from pipeline.inputs import plan, prepare
from pipeline.output import plan_file
from pipeline.report import drawing
from pipeline.status import measure
from tests.faulty_files import forbidden
from tests.pipeline import corpus
from tests.pipeline.small_files import BAD, FILES, write_files
from tests.pipeline.verify.damaging import Change, check, edit_json, first, fix_up
from transforms.receipts import MEMBER_COUNTS, RECEIPTS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("small") / "in")


@pytest.fixture(scope="module")
def together(folder: Path, tiny_path: Path) -> Path:
    """The output of a job that reads small files together."""
    output = folder.parent / "together"
    corpus.embed([str(folder)], output, tiny_path)
    return output


@pytest.fixture(scope="module")
def alone(folder: Path, tiny_path: Path) -> Path:
    """The output of a job whose files are parts of their own."""
    output = folder.parent / "alone"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "join_small_files", lambda splits, _: splits)
        corpus.embed([str(folder)], output, tiny_path)
    return output


def rejected(output: Path) -> list[dict]:
    """Return the lines in rejected/, in corpus order."""
    names = (part["name"] for part in manifest.load_manifest(str(output))["parts"])
    paths = (output / f"rejected/{name}.jsonl" for name in names)
    return [json.loads(x) for path in paths if path.exists() for x in path.open()]


def account(output: Path) -> Iterator[tuple[str, dict[str, int]]]:
    for path, counts in manifest.load_manifest(str(output))["sources"].items():
        yield path, {name: counts.get(name, 0) for name in MEMBER_COUNTS} | counts["shares"]


def test_documents_and_account_are_those_of_each_file(together: Path, alone: Path) -> None:
    loaded, expected = (reader.load_embeddings(str(output)) for output in (together, alone))
    assert loaded.ids == expected.ids
    np.testing.assert_allclose(loaded.vectors, expected.vectors, atol=1e-5)
    assert rejected(together) == rejected(alone)
    assert {line["reason"] for line in rejected(together)} == {"empty", "not_utf8", "bad_json"}
    assert list(account(together)) == list(account(alone))
    assert len(list(account(together))) == FILES + 1
    assert len(list((together / "pooled").glob("*.tfrecord"))) < 12
    assert len(list((alone / "pooled").glob("*.tfrecord"))) > FILES - len(BAD)
    totals = (manifest.load_manifest(str(output)) for output in (together, alone))
    one, other = ({**part["counts"]} for part in totals)
    assert {name: one[name] for name in MEMBER_COUNTS} == {
        name: other[name] for name in MEMBER_COUNTS
    }


def test_what_is_done_is_measured_and_proven(together: Path) -> None:
    state = measure(str(together))
    assert (state.complete, state.documents) == (True, FILES + 40)
    verdict = check(together, sample=FILES + 40)
    assert verdict.faults == ()
    assert verdict.sample.documents == FILES + 40 - len(BAD)
    assert not [line for line in verdict.not_checked if "documents of the sample" in line]


def _move_a_document(receipt: dict) -> None:
    """Leave all sums as they are."""
    one, other = receipt["members"][0], receipt["members"][1]
    for column in (0, 1):
        one[1][column] += 1
        other[1][column] -= 1


def _move_tokens(receipt: dict) -> None:
    receipt["members"][0][1][3] += 1
    receipt["members"][1][1][3] -= 1


@pytest.mark.parametrize("change", [_move_a_document, _move_tokens])
def test_counts_of_a_file_that_its_records_contradict_are_found(
    change: Change, together: Path, tmp_path: Path
) -> None:
    output = shutil.copytree(together, tmp_path / "out")
    edit_json(first(output, f"{RECEIPTS}/*.json"), change)
    assert any("its num_" in line for line in check(output).faults)


def test_rejected_documents_of_another_file_are_found(together: Path, tmp_path: Path) -> None:
    output = shutil.copytree(together, tmp_path / "out")
    path = next(p for p in output.glob("rejected/*.jsonl") if "bad_json" in p.read_text())
    line = json.loads(path.read_text().splitlines()[-1])
    name = Path(line["source"]).name
    other = json.loads((output / f"{RECEIPTS}/{path.stem}.json").read_text())["members"][0][0]
    assert Path(other).name != name
    path.write_text(path.read_text().replace(json.dumps(line["source"]), json.dumps(other)))
    fix_up(output, path)
    assert any("have the reasons" in line for line in check(output).faults)


def test_a_file_that_fails_when_it_is_read_costs_its_part_until_it_can_be_read(
    folder: Path, together: Path, tiny_path: Path, tmp_path: Path
) -> None:
    output, lost = tmp_path / "out", str(folder / "001.txt")
    config = corpus.config([str(folder)], output, tiny_path)
    planned = plan.plan_input(config.input, None, {}, "")
    with pytest.MonkeyPatch.context() as patch, forbidden(lost):
        planning = types.SimpleNamespace(plan_input=lambda *_: planned)
        patch.setattr(prepare, "plan", planning)
        with pytest.raises(JobError, match=r"1 of \d+ splits .* be read: \S*/001\.txt cannot be"):
            corpus.embed([str(folder)], output, tiny_path)
    done = {path: path.stat().st_mtime_ns for path in (output / RECEIPTS).iterdir()}
    assert len(done) == len(list((together / RECEIPTS).iterdir())) - 1
    corpus.embed([str(folder)], output, tiny_path)
    assert corpus.data_files(output) == corpus.data_files(together)
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())


def test_a_file_that_cannot_be_planned_costs_itself_alone(
    folder: Path, together: Path, tiny_path: Path, tmp_path: Path
) -> None:
    """Later it is read alone: the parts of the others stay."""
    output, lost = tmp_path / "out", str(folder / "000.jsonl")
    expected = rf"1 of \d+ splits .* be read: {lost} could not"
    with forbidden(lost), pytest.raises(JobError, match=expected):
        corpus.embed([str(folder)], output, tiny_path)
    done = {path: path.stat().st_mtime_ns for path in (output / RECEIPTS).iterdir()}
    for _ in range(2):
        summary = corpus.embed([str(folder)], output, tiny_path)
        assert summary.progress.complete
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())
    assert check(output, sample=20).faults == ()
    assert list(account(output)) == list(account(together))
    stored = plan_file.load_plan(str(output))
    assert stored[0].source.path == lost
    assert len(stored[0].files) == 1


def test_a_file_that_changes_after_the_plan_is_named(tiny_path: Path, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "in")

    def and_then_disturb(*arguments: Any) -> plan.InputPlan:
        planned = plan.plan_input(*arguments)
        os.utime(folder / "002.txt", (10, 10))
        return planned

    with pytest.MonkeyPatch.context() as patch:
        planning = types.SimpleNamespace(plan_input=and_then_disturb)
        patch.setattr(prepare, "plan", planning)
        with pytest.raises(JobError, match=r"1 of \d+ splits .*/002\.txt has changed since"):
            corpus.embed([str(folder)], tmp_path / "out", tiny_path)


def test_a_report_names_the_files(together: Path) -> None:
    drawing.draw(str(together), None)
    assert "030.long.txt" in (together / "report.html").read_text()
