import dataclasses
import json
import shutil
import time
from pathlib import Path

import pytest

from pipeline import cli, estimate, forecast, job, plan, sampling
from pipeline.errors import UsageError
from tests.pipeline import corpus
from transforms.bert.module import BertModule
from transforms.windows import WindowConfig

FLAGS = ["--max_seq_length=8", "--part_bytes=1024", "--tokens_per_batch=64", "--id_field=id"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "_MEASURED_SECONDS", 0.05)


def truth(output: Path) -> tuple[dict, dict]:
    """Counts of a finished job, and the bytes of its files by folder."""
    manifest = json.loads((output / "manifest.json").read_text())
    files: dict[str, int] = {}
    for part in manifest["parts"]:
        for file in part["files"]:
            folder = file["path"].split("/")[0]
            files[folder] = files.get(folder, 0) + file["bytes"]
    return manifest["counts"], files


@pytest.mark.usefixtures("short")
def test_of_a_corpus_that_is_read_whole_nothing_is_guessed(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path)
    found = forecast.forecast(config, started=time.monotonic())
    counts, files = truth(finished)
    assert found.whole
    assert {name: found.counts[name] for name in found.counts} == {
        name: counts[name] for name in found.counts
    }
    assert found.reasons == {
        "bad_json": 1,
        "empty": 2,
        "missing_field": 1,
        "not_utf8": 1,
        "wrong_type": 1,
    }
    assert found.bytes == pytest.approx(files, rel=0.03)
    assert found.seconds > 0
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("short")
def test_of_a_job_half_done_the_rest_is_told(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half"
    shutil.copytree(finished, half)
    (half / "manifest.json").unlink()
    for path in (half / "receipts").glob("rows-*"):
        path.unlink()
    before = {path: path.stat().st_mtime_ns for path in half.rglob("*")}
    found = forecast.forecast(corpus.config(globs, half, tiny_path), started=time.monotonic())
    assert found.parts_done == len(list((half / "receipts").iterdir()))
    assert found.documents_done == 120 + 61
    assert 0 < found.seconds_left < found.seconds
    last = forecast.to_text(found).splitlines()[-1]
    assert last.startswith(f"done        {found.parts_done} parts, 181 documents (74%); about 0:")
    assert {path: path.stat().st_mtime_ns for path in half.rglob("*")} == before


@pytest.mark.usefixtures("short")
def test_of_a_finished_job_nothing_is_left(
    finished: Path, globs: list[str], tiny_path: Path
) -> None:
    config = corpus.config(globs, finished, tiny_path)
    found = forecast.forecast(config, started=time.monotonic())
    assert found.seconds_left == 0
    assert forecast.to_text(found).endswith("244 documents (100%); nothing left")
    other = dataclasses.replace(config, windows=WindowConfig(9))
    with pytest.raises(UsageError, match="--max_seq_length 8 there, 9 now"):
        forecast.forecast(other, started=time.monotonic())


def test_where_nothing_can_be_embedded_no_speed_is_told(tiny_path: Path, tmp_path: Path) -> None:
    (tmp_path / "blank.txt").write_text("\n\n")
    config = corpus.config([str(tmp_path / "blank.txt")], tmp_path / "out", tiny_path)
    found = forecast.forecast(config, started=time.monotonic())
    lines = forecast.to_text(found).splitlines()
    assert lines[1] == "documents   2: 0 embedded, 2 rejected (2 empty)"
    assert lines[-1].endswith(" of start-up: there is nothing to embed")


def test_where_nothing_can_be_read_the_input_is_named(
    globs: list[str], tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(sampling.storage, "open_for_reading", refuse)
    config = corpus.config(globs[:1], tmp_path / "out", tiny_path)
    with pytest.raises(UsageError, match=f"--input {globs[0]}: no file of it can be read"):
        forecast.forecast(config, started=time.monotonic())


@pytest.mark.usefixtures("short")
def test_the_command_says_it_in_a_few_lines(
    globs: list[str], tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    command = ["plan", "--input", *globs, "--output", str(tmp_path / "out")]
    assert cli.main([*command, "--model", str(tiny_path), *FLAGS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("files       3 in ")
    assert lines[0].endswith(" splits; all of it was read")
    assert lines[1] == (
        "documents   244: 238 embedded, 6 rejected (1 bad_json, 2 empty, 1 missing_field, "
        "1 not_utf8, 1 wrong_type)"
    )
    assert lines[-1].startswith("time        about 0:")
    assert cli.main([*command, "--model", str(tmp_path)]) == 2
    assert "has no saved_model.pb" in capsys.readouterr().err


def test_windows_and_kept_tokens_are_counted(
    tiny_path: Path, tiny_module: BertModule, tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text("the cat sat on a mat\n" + "dogs " * 100 + "\n\n")
    settings = {"windows": WindowConfig(8, 3), "keep_tokens": True}
    config = corpus.config([str(tmp_path / "long.txt")], tmp_path / "out", tiny_path, **settings)
    config = dataclasses.replace(config, limits=dataclasses.replace(config.limits, rejected=1.0))
    lots = list(estimate.sample_lots(config, tiny_module, plan.make_plan(config.input)))
    job.embed(config)
    counts, files = truth(tmp_path / "out")
    told = estimate.totals(lots, "counts")
    assert told == {name: counts[name] for name in told}
    assert estimate.totals(lots, "bytes") == pytest.approx(files, rel=0.1)


def test_an_output_over_the_limit_is_refused_before_anything_is_written(
    globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path)
    sources = estimate.sources_of(plan.make_plan(config.input))
    written = 150_000
    assert estimate.most_bytes(config, 16, sources) > written
    small = dataclasses.replace(config, max_output_gb=written / 2 / 1e9)
    with pytest.raises(UsageError, match=r"--max_output_gb is .* would write about .*sequence"):
        job.embed(small)
    assert not (tmp_path / "out").exists()
    enough = dataclasses.replace(config, max_output_gb=written * 2 / 1e9)
    job.embed(enough)
    assert written / 2 < sum(truth(tmp_path / "out")[1].values()) < written * 2
