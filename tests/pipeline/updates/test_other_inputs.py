"""`--update` with another list of inputs follows the files that it has."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, status
from pipeline.errors import UsageError
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline.updates.growing import (
    GrowingCorpus,
    history_of,
    receipts_of,
    text_of,
)
from tests.pipeline.updates.killing import KilledError, killed_at


def run_of(growing: GrowingCorpus) -> dict[str, Any]:
    run: dict[str, Any] = json.loads((growing.output / "run.json").read_text())
    return run


def with_second_folder(growing: GrowingCorpus) -> list[str]:
    """Write another folder of files; return both."""
    growing.write("../more/d.txt", text_of(60))
    return [str(growing.folder), str(growing.folder.parent / "more")]


@pytest.fixture
def both(growing: GrowingCorpus) -> list[str]:
    (growing.folder.parent / "more").mkdir()
    return with_second_folder(growing)


def test_a_folder_is_added_and_removed(growing: GrowingCorpus, both: list[str]) -> None:
    before, first = receipts_of(growing.output), run_of(growing)
    with pytest.raises(UsageError, match=r"--input .*in there, .* now\.\nAdd --update to"):
        growing.embed(globs=both)
    summary = growing.update(globs=both)
    assert (summary.generation, summary.parts_before, len(summary.progress.parts)) == (2, 3, 4)
    assert history_of(growing.output)["added"] == [f"{both[1]}/d.txt"]
    # No part of the other files was touched.
    assert before.items() <= receipts_of(growing.output).items()
    run = run_of(growing)
    assert run["configuration"] == first["configuration"]
    assert run["inputs"] == {"--input": both, "--input_format": "auto"}
    assert run["command"][:5] == ["beam-bert", "embed", "--input", *both]
    growing.assert_as_from_nothing(globs=both)
    assert growing.embed(globs=both).nothing_left
    with pytest.raises(UsageError, match=r"--input .* there, .*in now\.\nAdd --update"):
        growing.embed()
    for generation in (1, 2):
        verdict = verify(VerifyConfig(str(growing.output), sample=9, generation=generation))
        assert verdict.faults == ()
    # Back to the first list: nothing is left of the other one in run.json.
    assert growing.update().generation == 3
    assert "inputs" not in run_of(growing)
    assert run_of(growing)["command"] == first["command"]
    assert status.measure(str(growing.output)).complete
    growing.assert_as_from_nothing()


@pytest.mark.slow
def test_another_order_is_another_corpus(growing: GrowingCorpus, both: list[str]) -> None:
    growing.update(globs=both)
    growing.update(globs=both[::-1])
    history = history_of(growing.output)
    assert (history["generation"], history["unchanged"]) == (3, 4)
    assert history["added"] == history["changed"] == history["gone"] == []
    growing.assert_as_from_nothing(globs=both[::-1])


@pytest.mark.slow
def test_a_pattern_with_the_same_files_changes_no_generation(growing: GrowingCorpus) -> None:
    before = (growing.output / "manifest.json").read_bytes()
    wider = [f"{growing.folder}/*.txt"]
    summary = growing.update(globs=wider, input_format="text")
    assert (summary.generation, summary.nothing_left) == (1, True)
    assert run_of(growing)["inputs"] == {"--input": wider, "--input_format": "text"}
    assert (growing.output / "manifest.json").read_bytes() == before
    assert growing.embed(globs=wider, input_format="text").nothing_left
    growing.assert_as_from_nothing(globs=wider, input_format="text")


@pytest.mark.slow
def test_another_format_computes_the_files_that_have_it(growing: GrowingCorpus) -> None:
    growing.update(input_format="files")
    assert len(history_of(growing.output)["changed"]) == 3
    growing.assert_as_from_nothing(input_format="files")


def test_another_flag_is_another_job(
    growing: GrowingCorpus, both: list[str], minilm_path: Path
) -> None:
    before = run_of(growing)
    for update in (True, False):
        with pytest.raises(UsageError, match=r"--dtype float32 there, float16 now\.\nGive these"):
            growing.embed(globs=both, dtype="float16", update=update)
    growing.model = minilm_path
    for update in (True, False):
        with pytest.raises(UsageError, match=r"--model of fingerprint .*\nChoose another folder"):
            growing.embed(globs=both, update=update)
    assert run_of(growing) == before


def test_what_is_read_once_cannot_be_followed(
    growing: GrowingCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["embed", "--output", str(growing.output), "--model", str(growing.model)]
    words += ["--features=mean", "--part_bytes=1024", "--engine=tensorflow"]
    words += ["--max_seq_length=8", "--tokens_per_batch=64"]
    for name in ("-", "bq://project.dataset.table"):
        assert cli.main([*words, "--input", str(growing.folder), name, "--update"]) == 2
        error = capsys.readouterr().err
        assert " now.\n" in error
        assert "the standard input and tables are read once" in error
        assert cli.main([*words, "--input", str(growing.folder), name]) == 2
        assert "--update" not in capsys.readouterr().err


def test_parquet_has_one_schema(tmp_path: Path, tiny_path: Path) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    (tmp_path / "more").mkdir()
    growing.write("a.txt", text_of(0))
    growing.embed(output_format="parquet")
    schema = (growing.output / "pooled/_common_metadata").read_bytes()
    both = with_second_folder(growing)
    growing.update(globs=both, output_format="parquet")
    assert (growing.output / "pooled/_common_metadata").read_bytes() == schema
    assert verify(VerifyConfig(str(growing.output))).faults == ()
    assert growing.embed(globs=both, output_format="parquet").nothing_left


@pytest.mark.slow
def test_a_damaged_run_is_made_again(growing: GrowingCorpus, both: list[str]) -> None:
    growing.update(globs=both)
    before, receipts = run_of(growing), receipts_of(growing.output)
    (growing.output / "run.json").write_bytes(b"")
    growing.embed(globs=both)
    after = run_of(growing)
    # Each transform that is learned has other bytes.
    del before["transform"]["sha256"], after["transform"]["sha256"]
    assert after == before
    assert receipts_of(growing.output) == receipts
    assert verify(VerifyConfig(str(growing.output))).faults == ()


@pytest.mark.slow
def test_a_file_of_flags_has_the_newest_list(
    growing: GrowingCorpus, both: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    growing.update(globs=both)
    words = ["embed", "--config", str(growing.output / "run.json"), "--max_rejected", "0.1"]
    assert cli.main([*words, "--output", str(growing.output)]) == 0
    assert "nothing left to do" in capsys.readouterr().out


@pytest.mark.slow
def test_kills_until_run_json_has_the_list(growing: GrowingCorpus, both: list[str]) -> None:
    finished = growing.output.with_name("finished")
    shutil.copytree(growing.output, finished)
    growing.remove("c.txt")
    growing.update(globs=both)
    growing.assert_as_from_nothing(globs=both)
    manifest, run = (growing.output / "manifest.json").read_bytes(), run_of(growing)
    for count in range(1, 1000):
        shutil.rmtree(growing.output)
        shutil.copytree(finished, growing.output)
        with killed_at(count) as steps, pytest.raises(KilledError):
            growing.update(globs=both)
        has_list = "inputs" in run_of(growing)
        assert verify(VerifyConfig(str(growing.output))).faults == (), steps
        growing.update(globs=both)
        assert (growing.output / "manifest.json").read_bytes() == manifest, steps
        assert run_of(growing) == run, steps
        if has_list:
            break
    assert count > 5
