import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import corpus
from tests.pipeline.verify.damaging import SETTINGS, Change, check, edit_json, first


def test_a_manifest_that_contradicts_the_receipts_is_written_again(
    out: Path, sources: list[str], tiny_path: Path
) -> None:
    before = corpus.data_files(out)

    entries = len(json.loads((out / "manifest.json").read_text())["sources"][sources[1]])

    def damage(whole: Any) -> None:
        whole["counts"]["embedded"] += 1
        whole["sources"]["another.txt"] = whole["sources"].pop(sources[1])
        whole["parts"][2]["files"][0]["path"] = "../../etc/passwd"

    edit_json(out / "manifest.json", damage)
    verdict = check(out)
    path = first(out, "pooled/lines-000000002048*").name
    assert verdict.faults == (
        "manifest.json: counts.embedded is 239, but 238 by the receipts",
        f"manifest.json: sources.{sources[1]} is missing, "
        f"but an object of {entries} entries by the receipts",
        f"manifest.json: sources.another.txt is an object of {entries} entries, "
        "but missing by the receipts",
        "manifest.json: parts[2].files[0].path is '../../etc/passwd', "
        f"but 'pooled/{path}' by the receipts",
    )
    assert verdict.invalidated == ("manifest.json",)
    assert verdict.remedy.endswith("it writes manifest.json again")
    assert check(out).notes == ("manifest.json is missing: run the same embed again to write it",)
    corpus.embed(sources, out, tiny_path, **SETTINGS)
    assert corpus.data_files(out) == before


def test_a_manifest_of_an_unfinished_job_is_invalidated(out: Path) -> None:
    first(out, "receipts/*.json").unlink()
    verdict = check(out)
    assert verdict.pending
    assert verdict.faults[0].startswith("manifest.json: exists, but ")
    assert verdict.invalidated == ("manifest.json",)
    assert check(out).faults == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run["model"].update(fingerprint="0" * 64),
        lambda run: run["configuration"].update({"--tokens_per_batch": 65}),
        lambda run: run.update(transform=None),
    ],
)
def test_a_changed_run_file_is_a_fault_that_invalidates_nothing(change: Change, out: Path) -> None:
    edit_json(out / "run.json", change)
    verdict = check(out)
    count = len(list(out.glob("receipts/*.json")))
    message = f"run.json and plan.jsonl describe another job than the {count} receipts"
    assert verdict.faults[0] == message
    assert verdict.invalidated == ()
    assert verdict.remedy.startswith("put back the run.json and plan.jsonl that the job wrote")
    (out / "manifest.json").unlink()
    assert message in check(out).faults


def test_a_receipt_of_another_job_is_a_fault(out: Path) -> None:
    lines = (out / "plan.jsonl").read_text().splitlines(keepends=True)
    (out / "plan.jsonl").write_text("".join(lines[:-1]))
    changed, stray, *_ = check(out).faults
    assert changed == "plan.jsonl: its sha256 differs from the one in run.json"
    assert stray.endswith(".json: belongs to no split, or comes after the last part of one")
    last = json.loads(lines[-1]) | {"size": 5}
    (out / "plan.jsonl").write_text("".join([*lines[:-1], json.dumps(last)]))
    _, foreign, *_ = check(out).faults
    assert foreign.endswith(".json: belongs to no part of plan.jsonl and run.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: fields["files"].pop(), "its files are .*; by its counts they must be "),
        (lambda fields: fields["counts"].update(pairs=9), "its pairs are 0, its receipt has 9"),
        (
            lambda fields: fields["counts"].update(num_tokens=1),
            "its num_tokens are .* its receipt has 1",
        ),
        (
            lambda fields: fields.update(key="0" * 64),
            "this is the receipt of lines-000000000000-0000000",
        ),
    ],
)
def test_receipts_that_contradict_their_part_are_invalidated(
    change: Change, message: str, out: Path
) -> None:
    receipt = first(out, "receipts/lines*.json")
    edit_json(receipt, change)
    verdict = check(out)
    assert re.search(message, verdict.faults[0]), verdict.faults
    assert verdict.invalidated[-1] == f"receipts/{receipt.name}"


@pytest.mark.parametrize("wrong", [{"last": "no"}, {"start": -1}, {"finished": "now"}])
def test_a_receipt_with_values_of_other_types_is_not_a_receipt(wrong: dict, out: Path) -> None:
    receipt = first(out, "receipts/lines*.json")
    edit_json(receipt, lambda fields: fields.update(wrong))
    verdict = check(out)
    assert verdict.faults[0].startswith("manifest.json: exists, but ")
    assert verdict.notes[0] == f"receipts/{receipt.name}: cannot be read as a receipt"
    assert verdict.invalidated == ("manifest.json",)


def test_files_that_are_not_receipts_are_noted(out: Path) -> None:
    receipt = first(out, "receipts/lines*.json")
    (out / "receipts/copy.json").write_text(receipt.read_text())
    (out / "receipts/cut.json").write_text(receipt.read_text()[:50])
    verdict = check(out)
    assert verdict.faults == ()
    assert verdict.notes == (
        "receipts/copy.json: cannot be read as a receipt",
        "receipts/cut.json: cannot be read as a receipt",
    )


def test_files_that_no_receipt_lists_are_faults(out: Path) -> None:
    (out / "pooled/lines-000000000000-0123456789ab.tfrecord").write_bytes(b"")
    (out / "rejected/README").write_text("what this is")
    (fault,) = check(out).faults
    assert fault.startswith("pooled/lines-000000000000-0123456789ab.tfrecord: no receipt lists it")
    assert fault.endswith("delete it")


def test_wrong_schemas_are_faults(out: Path) -> None:
    schema = out / "pooled/schema.pbtxt"
    schema.write_text(schema.read_text().replace('"mean"', '"means"'))
    (out / "sequence/schema.pbtxt").write_text("feature {")
    first_, second = check(out).faults
    assert first_ == "pooled/schema.pbtxt: is not the schema of this job's records"
    assert second.startswith("sequence/schema.pbtxt: cannot be read: ")
    (out / "pooled/schema.pbtxt").unlink()
    assert "pooled/schema.pbtxt: the file is missing" in check(out).faults
