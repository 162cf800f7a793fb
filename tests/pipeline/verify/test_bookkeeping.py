import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import corpus
from tests.pipeline.verify.spoiling import SETTINGS, Change, check, edit_json, first


def test_a_manifest_that_contradicts_the_receipts_is_written_anew(
    out: Path, sources: list[str], tiny_path: Path
) -> None:
    before = corpus.data_files(out)

    entries = len(json.loads((out / "manifest.json").read_text())["sources"][sources[1]])

    def spoil(whole: Any) -> None:
        whole["counts"]["embedded"] += 1
        whole["sources"]["another.txt"] = whole["sources"].pop(sources[1])
        whole["parts"][2]["files"][0]["path"] = "../../etc/passwd"

    edit_json(out / "manifest.json", spoil)
    verdict = check(out)
    path = first(out, "pooled/lines-000000002048*").name
    assert verdict.faults == (
        "manifest.json: counts.embedded is 239; by the receipts it is 238",
        f"manifest.json: sources.{sources[1]} is not there; "
        f"by the receipts it is of {entries} entries",
        f"manifest.json: sources.another.txt is of {entries} entries; "
        "by the receipts it is not there",
        "manifest.json: parts[2].files[0].path is '../../etc/passwd'; by the receipts it is "
        f"'pooled/{path}'",
    )
    assert verdict.withdrawn == ("manifest.json",)
    assert verdict.remedy.endswith("it writes manifest.json anew")
    assert check(out).notes == ("there is no manifest.json: the same embed again writes it",)
    corpus.embed(sources, out, tiny_path, **SETTINGS)
    assert corpus.data_files(out) == before


@pytest.mark.parametrize("pattern", ["receipts/*.json", "run.json"])
def test_a_manifest_of_a_job_that_is_not_done_is_withdrawn(pattern: str, out: Path) -> None:
    if pattern == "run.json":
        edit_json(out / pattern, lambda run: run["model"].update(fingerprint="0" * 64))
    else:
        first(out, pattern).unlink()
    verdict = check(out)
    assert verdict.pending
    assert verdict.faults[0].startswith("manifest.json: is of a finished job; splits")
    assert verdict.withdrawn == ("manifest.json",)
    assert check(out).faults == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told["files"].pop(), "its files are .*; by its counts they are "),
        (lambda told: told["counts"].update(pairs=9), "its pairs are 0, its receipt tells 9"),
        (lambda told: told["counts"].update(num_tokens=1), "its num_tokens are .* tells 1"),
        (lambda told: told.update(key="0" * 64), "it is of lines-000000000000-0000000"),
    ],
)
def test_receipts_that_tell_something_else_are_withdrawn(
    change: Change, message: str, out: Path
) -> None:
    receipt = first(out, "receipts/lines*.json")
    edit_json(receipt, change)
    verdict = check(out)
    assert re.search(message, verdict.faults[0]), verdict.faults
    assert verdict.withdrawn[-1] == f"receipts/{receipt.name}"


@pytest.mark.parametrize("wrong", [{"last": "no"}, {"start": -1}, {"finished": "now"}])
def test_a_receipt_with_values_of_other_kinds_is_none(wrong: dict, out: Path) -> None:
    receipt = first(out, "receipts/lines*.json")
    edit_json(receipt, lambda told: told.update(wrong))
    verdict = check(out)
    assert verdict.faults[0].startswith("manifest.json: is of a finished job; splits")
    assert verdict.notes[0] == f"receipts/{receipt.name}: cannot be read as a receipt"
    assert verdict.withdrawn == ("manifest.json",)


def test_receipts_that_count_for_nothing_are_noted(out: Path) -> None:
    receipt = first(out, "receipts/lines*.json")
    (out / "receipts/copy.json").write_text(receipt.read_text())
    (out / "receipts/cut.json").write_text(receipt.read_text()[:50])
    verdict = check(out)
    assert verdict.faults == ()
    assert verdict.notes == (
        "receipts/copy.json: cannot be read as a receipt",
        "receipts/cut.json: cannot be read as a receipt",
    )


def test_files_that_no_receipt_names_are_told(out: Path) -> None:
    (out / "pooled/lines-000000000000-0123456789ab.tfrecord").write_bytes(b"")
    (out / "rejected/README").write_text("what this is")
    (fault,) = check(out).faults
    assert fault.startswith("pooled/lines-000000000000-0123456789ab.tfrecord: no receipt names it")
    assert fault.endswith("delete it")


def test_schemas_that_are_not_the_jobs_are_faults(out: Path) -> None:
    schema = out / "pooled/schema.pbtxt"
    schema.write_text(schema.read_text().replace('"mean"', '"means"'))
    (out / "sequence/schema.pbtxt").write_text("feature {")
    first_, second = check(out).faults
    assert first_ == "pooled/schema.pbtxt: is not the schema of this job's records"
    assert second.startswith("sequence/schema.pbtxt: cannot be read: ")
    (out / "pooled/schema.pbtxt").unlink()
    assert "pooled/schema.pbtxt: the file is missing" in check(out).faults
