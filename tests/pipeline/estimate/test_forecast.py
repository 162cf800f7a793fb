import dataclasses
import shutil
import time
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.errors import UsageError
from pipeline.estimate import forecast, forecast_text, model_speed, read_pieces
from pipeline.estimate.pricing import MachineConfig
from tests.faulty_files import forbidden
from tests.pipeline import corpus
from transforms.batching.windows import WindowConfig

FLAGS = ["--max_seq_length=8", "--part_bytes=1024", "--tokens_per_batch=64", "--id_field=id"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_speed, "MEASURED_SECONDS", 0.05)


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_a_corpus_that_is_read_whole_has_exact_counts(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path)
    estimate = forecast.forecast(config, started=time.monotonic())
    counts, files = corpus.truth(finished)
    assert estimate.whole
    assert {name: estimate.counts[name] for name in estimate.counts} == {
        name: counts[name] for name in estimate.counts
    }
    assert estimate.reasons == {
        "bad_json": 1,
        "empty": 2,
        "missing_field": 1,
        "not_utf8": 1,
        "wrong_type": 1,
    }
    assert estimate.bytes == pytest.approx(files, rel=0.03)
    assert estimate.seconds > 0
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("short")
def test_the_rest_of_a_half_done_job_is_estimated(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half"
    shutil.copytree(finished, half)
    (half / "manifest.json").unlink()
    for path in (half / "receipts").glob("rows-*"):
        path.unlink()
    before = {path: path.stat().st_mtime_ns for path in half.rglob("*")}
    estimate = forecast.forecast(corpus.config(globs, half, tiny_path), started=time.monotonic())
    assert estimate.parts_done == len(list((half / "receipts").iterdir()))
    assert estimate.documents_done == 120 + 61
    assert 0 < estimate.seconds_left < estimate.seconds
    last = forecast_text.to_text(estimate, None).splitlines()[-1]
    assert last.startswith(
        f"done        {estimate.parts_done} parts, 181 documents (74%); about 0:"
    )
    assert {path: path.stat().st_mtime_ns for path in half.rglob("*")} == before


@pytest.mark.usefixtures("short")
def test_a_finished_job_has_nothing_left(finished: Path, globs: list[str], tiny_path: Path) -> None:
    config = corpus.config(globs, finished, tiny_path)
    estimate = forecast.forecast(config, started=time.monotonic())
    assert estimate.seconds_left == 0
    assert forecast_text.to_text(estimate, None).endswith("244 documents (100%); nothing left")
    other = dataclasses.replace(config, windows=WindowConfig(9))
    with pytest.raises(UsageError, match="--max_seq_length 8 there, 9 now"):
        forecast.forecast(other, started=time.monotonic())


def test_there_is_no_speed_if_nothing_can_be_embedded(tiny_path: Path, tmp_path: Path) -> None:
    (tmp_path / "blank.txt").write_text("\n\n")
    config = corpus.config([str(tmp_path / "blank.txt")], tmp_path / "out", tiny_path)
    estimate = forecast.forecast(config, started=time.monotonic())
    lines = forecast_text.to_text(estimate, None).splitlines()
    assert lines[1] == "documents   2: 0 embedded, 2 rejected (2 empty)"
    assert lines[-1].endswith(" for start-up only: there is nothing to embed")


def test_the_message_names_the_input_if_nothing_can_be_read(
    globs: list[str], tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(read_pieces, "open_split", refuse)
    config = corpus.config(globs[:1], tmp_path / "out", tiny_path)
    named = f"--input {globs[0]}: none of the files can be read: .*Permission denied"
    with pytest.raises(UsageError, match=named):
        forecast.forecast(config, started=time.monotonic())


@pytest.mark.usefixtures("short")
def test_the_command_names_files_that_cannot_be_read_and_fails(
    globs: list[str], tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    command = ["plan", "--input", *globs, "--output", str(tmp_path / "out")]
    with forbidden(globs[0]):
        assert cli.main([*command, "--model", str(tiny_path), *FLAGS]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].startswith("documents   124: ")
    assert f"left out, for they cannot be read: {globs[0]}: " in printed.err


@pytest.mark.usefixtures("short")
def test_the_command_prints_a_few_lines(
    globs: list[str], tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    command = ["plan", "--input", *globs, "--output", str(tmp_path / "out")]
    assert cli.main([*command, "--model", str(tiny_path), *FLAGS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("files       3 in ")
    assert lines[0].endswith(" splits; read whole")
    assert lines[1] == (
        "documents   244: 238 embedded, 6 rejected (1 bad_json, 2 empty, 1 missing_field, "
        "1 not_utf8, 1 wrong_type)"
    )
    assert lines[-1].startswith("time        about 0:")
    assert cli.main([*command, "--model", str(tmp_path)]) == 2
    assert "is not the folder of a model: " in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_named_machines_are_priced(
    globs: list[str],
    finished: Path,
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    model = ["--model", str(tiny_path), *FLAGS]
    command = ["plan", "--input", *globs, "--output", str(tmp_path / "out"), *model]
    machines = ["--machine=n2", "--machines=4", "--machine_price=36"]
    assert cli.main([*command, *machines, "--machine_tokens_per_second=1.5"]) == 0
    machine, hours, cost = capsys.readouterr().out.splitlines()[-3:]
    tokens = corpus.truth(finished)[0]["num_tokens"]
    assert machine == "machine     4 x n2, each at 2 tokens/s, as given"
    least = tokens / 1.5 / 3600
    machine_hours = float(hours.split(": ")[1].split(" machine-hours")[0])
    assert least <= machine_hours + 0.01
    assert machine_hours < least + 4 * 60 / 3600
    assert cost.startswith("cost        ")
    assert float(cost.split()[1]) == pytest.approx(36 * machine_hours, abs=0.5)
    assert cli.main([*command, "--machine=n2"]) == 0
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert lines[0].endswith(" tokens/s, measured here")
    assert "--machine_price" in lines[2]


def test_machines_with_nothing_to_embed_have_no_cost(tiny_path: Path, tmp_path: Path) -> None:
    (tmp_path / "blank.txt").write_text("\n\n")
    config = corpus.config([str(tmp_path / "blank.txt")], tmp_path / "out", tiny_path)
    estimate = forecast.forecast(config, started=time.monotonic())
    last = forecast_text.to_text(estimate, MachineConfig("n2", 5.0, 1.0)).splitlines()[-1]
    assert last == "cost        none on n2: there is nothing to embed"
