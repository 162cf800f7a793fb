import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.errors import UsageError
from pipeline.output import invalidation
from tests.lower_precision import without_bfloat16
from tests.pipeline import corpus
from tests.pipeline.corpus import EMBEDDED
from tests.pipeline.verify.damaging import FEATURES, SETTINGS, check, edit_json, first
from transforms.records import example_reader


@pytest.mark.slow
def test_a_sound_folder_passes_and_a_sample_has_the_same_vectors(
    whole: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example_reader, "_BLOCK_BYTES", 500)
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*")}
    assert cli.main(["verify", str(whole), "--sample", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"no faults: {whole}"
    records = f"{EMBEDDED} in pooled/, {EMBEDDED} in sequence/, 6 in rejected/"
    assert f"records      {records}" in lines
    assert "sample       20 documents embedded again" in lines
    assert f"not checked  the vectors of {EMBEDDED - 20} documents that were not sampled" in lines

    verdict = check(whole, sample=EMBEDDED)
    assert verdict.faults == verdict.notes == ()
    assert [drift.feature for drift in verdict.sample.drifts] == list(FEATURES)
    assert all(drift.difference < 1e-5 for drift in verdict.sample.drifts)
    assert verdict.sample.documents == EMBEDDED
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("*")} == before


def test_without_a_sample_no_tensorflow_is_imported(whole: Path) -> None:
    program = """
import sys
from pipeline import cli
assert cli.main(["verify", sys.argv[1]]) == 0
assert "tensorflow" not in sys.modules
"""
    command = [sys.executable, "-c", program, str(whole)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "that the vectors are the model's: --sample N" in result.stdout


@pytest.mark.slow
def test_a_flipped_byte_is_found_and_the_same_embed_repairs_it(
    out: Path, sources: list[str], tiny_path: Path, capsys: pytest.CaptureFixture
) -> None:
    before = corpus.data_files(out)
    path = first(out, "pooled/packed*.tfrecord")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    fault = f"pooled/{path.name}: its sha256 differs from the one in its receipt"
    assert cli.main(["verify", str(out)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"1 fault: {out}"
    assert f"fault        {fault}" in lines
    assert "invalidated  manifest.json" in lines
    assert f"             receipts/{path.stem}.json" in lines
    assert "remedy       run the same embed again: it embeds the damaged parts again" in lines
    assert not (out / "manifest.json").exists()
    assert (out / "receipts" / f"{path.stem}.json.withdrawn").is_file()

    times = {path: path.stat().st_mtime_ns for path in out.glob("receipts/*.json")}
    unfinished = check(out)
    assert (unfinished.faults, unfinished.pending, unfinished.parts) == ((), 1, len(times))
    withdrawn, *others = unfinished.notes
    assert withdrawn.startswith(f"receipts/{path.stem}.json.withdrawn: the receipt of a damaged ")
    families = ("pooled", "rejected", "sequence")
    assert {note.split("/")[0] for note in others} <= set(families)
    assert f"pooled/{path.name}: no receipt lists it (yet)" in unfinished.notes
    assert "the job is not finished" in unfinished.to_text()

    corpus.embed(sources, out, tiny_path, **SETTINGS)
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert not list(out.glob("receipts/*.withdrawn"))
    assert corpus.data_files(out) == before
    assert check(out).faults == check(out).notes == ()
    assert corpus.embed(sources, out, tiny_path, **SETTINGS).nothing_left


def test_damage_that_cannot_be_invalidated_is_reported(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(invalidation, "invalidate_part", read_only)
    first(out, "pooled/*.tfrecord").unlink()
    verdict = check(out)
    assert len(verdict.faults) == 1
    assert verdict.invalidated == ("manifest.json",)
    remedy = "not all damage could be invalidated: [Errno 30] Read-only file system"
    assert f"remedy       {remedy}; fix this, then verify again" in verdict.to_text().splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sample", "-1"], "--sample is -1"),
        (["--sample", "1", "--tolerance", "nan"], "--tolerance is nan"),
        (["--model", "minilm"], "add --sample N"),
        (["--sample", "1", "--model", "/nowhere"], "--model /nowhere: there is no such folder"),
    ],
)
def test_wrong_flags_end_in_status_2(
    arguments: list[str], message: str, whole: Path, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["verify", str(whole), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_of_no_job_or_of_another_release_ends_in_status_2(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["verify", str(tmp_path)]) == 2
    assert "it is not an output folder of embed" in capsys.readouterr().err
    edit_json(out / "run.json", lambda run: run["configuration"].update({"--new": 1}))
    assert cli.main(["verify", str(out)]) == 2
    assert "has a configuration that this release does not know" in capsys.readouterr().err
    edit_json(out / "run.json", lambda run: run["configuration"].pop("--new"))
    edit_json(out / "run.json", lambda run: run["configuration"].pop("--features"))
    assert cli.main(["verify", str(out)]) == 2
    assert "its configuration is not valid: '--features'" in capsys.readouterr().err


def test_input_of_another_type_in_run_json_leaves_the_manifest(
    out: Path, capsys: pytest.CaptureFixture
) -> None:
    edit_json(out / "run.json", lambda run: run["configuration"].update({"--input": "a.txt"}))
    assert cli.main(["verify", str(out)]) == 2
    assert "has a configuration that this release does not know" in capsys.readouterr().err
    assert (out / "manifest.json").exists()


def test_a_sample_that_this_machine_cannot_compute_is_refused_first(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_bfloat16(monkeypatch)
    shutil.copytree(whole, tmp_path / "out", ignore=shutil.ignore_patterns("pooled", "receipts"))

    def compute_elsewhere(run: Any) -> None:
        run["configuration"] |= {"--engine": "openvino", "--precision": "bfloat16"}

    edit_json(tmp_path / "out/run.json", compute_elsewhere)
    with pytest.raises(UsageError, match=r"has no instructions for it: [^\n]*\nVerify on such a m"):
        check(tmp_path / "out", sample=1)
