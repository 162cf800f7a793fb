"""`--metrics_file`: Prometheus' text format, with the receipts' totals, also after failures."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from pipeline import cli, status
from pipeline.errors import UsageError
from pipeline.monitoring import metrics_file, metrics_place, observing
from pipeline.monitoring.job_metrics import (
    DONE,
    FAILED,
    INTERRUPTED,
    METRICS,
    RUNNING,
    STATES,
    JobSample,
)
from pipeline.output import plan_file, run_file
from tests.paths import ROOT
from tests.pipeline import corpus

Values = dict[tuple[str, ...], float]
SUMS = ("documents", "documents_rejected", "tokens", "batches", "files_written", "stage_seconds")


def parsed(text: str) -> Values:
    """Read a file by Prometheus' parser: the value of each name and its labels but the folder."""
    values: Values = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            labels = {key: value for key, value in sample.labels.items() if key != "output"}
            key = (sample.name, *(f"{one}={labels[one]}" for one in sorted(labels)))
            assert key not in values
            values[key] = sample.value
    return values


def state_of(values: Values) -> str:
    (state,) = [one for one in STATES if values["beam_bert_job_state", f"state={one}"] == 1]
    return state


def sample_of(folder: Path) -> JobSample:
    build = {"version": "1", "engine": "openvino", "precision": "float32"}
    return JobSample(str(folder), DONE, 10.0, 20.0, build, status.measure(str(folder)))


def test_the_totals_are_those_of_the_receipts(finished: Path) -> None:
    values = parsed(metrics_file.to_text(sample_of(finished)))
    counts, sizes = corpus.truth(finished)
    assert values["beam_bert_documents",] == counts["documents"]
    assert values["beam_bert_wordpieces",] == counts["num_wordpieces"]
    assert values["beam_bert_wordpieces_unknown",] == counts["num_unknown"]
    assert values["beam_bert_documents_truncated",] == counts["truncated"]
    assert values["beam_bert_documents_rejected", "reason=empty"] == 2
    for folder, size in sizes.items():
        assert values["beam_bert_written_bytes", f"folder={folder}"] == size
    assert values["beam_bert_stage_seconds", "stage=encode"] > 0
    assert values["beam_bert_parts_done",] == len(list((finished / "receipts").iterdir()))
    assert state_of(values) == DONE


def test_names_follow_the_conventions(finished: Path) -> None:
    text = metrics_file.to_text(sample_of(finished))
    for metric in METRICS:
        name = metrics_file.name_of(metric)
        assert not name.endswith("_total")
        assert (metric.unit or "") in name
        assert f"# HELP {name} {metric.help}\n# TYPE {name} gauge\n" in text or (
            name == "beam_bert_parts_expected"
        )


def test_every_metric_is_documented() -> None:
    page = (ROOT / "docs/monitoring.md").read_text("utf-8")
    assert not [
        metric.name for metric in METRICS if f"`{metrics_file.name_of(metric)}`" not in page
    ]


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_folder_is_a_label(folder: str) -> None:
    text = metrics_file.to_text(JobSample(folder, RUNNING, 0.0, 1.0, {}))
    families = list(text_string_to_metric_families(text))
    assert {sample.labels["output"] for one in families for sample in one.samples} == {folder}


def test_a_file_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for path, message in [
        ("", "name a file on this machine"),
        ("gs://bucket/job.prom", "name a file on this machine"),
        (f"{tmp_path}/no/job.prom", f"there is no folder {tmp_path}/no"),
        (f"{tmp_path}", "is not a file of metrics"),
        (f"{tmp_path}/out/job.prom", "is in the output folder"),
        (f"{tmp_path}/link/job.prom", "is in the output folder"),
        ("/dev/null", "is not a file of metrics"),
    ]:
        with pytest.raises(UsageError, match=r"^--metrics_file") as raised:
            metrics_place.check(path, str(tmp_path / "out"))
        assert message in str(raised.value)
    metrics_place.check(f"{tmp_path}/job.prom", str(tmp_path / "out"))


def test_only_metrics_are_replaced(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in ("", metrics_file.to_text(sample_of(finished))):
        path.write_text(content)
        metrics_place.check(str(path), str(tmp_path / "out"))
    for content in ("a document", "# HELP node_load1 Load.", "\n"):
        path.write_text(content)
        with pytest.raises(UsageError, match="is not a file of metrics; name a new one"):
            metrics_place.check(str(path), str(tmp_path / "out"))


def test_the_command_refuses_it_before_the_job(
    globs: list[str], tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["--input", globs[0], "--model", str(tiny_path), "--output", str(tmp_path / "out")]
    assert cli.main(["embed", *words, "--metrics_file", "/proc/job.prom"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--metrics_file /proc/job.prom: cannot be written: " in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "state"), [(None, DONE), (ValueError(), FAILED), (KeyboardInterrupt(15), INTERRUPTED)]
)
def test_sums_go_on_in_a_second_process_whatever_its_end(
    error: BaseException | None,
    state: str,
    finished: Path,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
) -> None:
    folder, path = tmp_path / "out", tmp_path / "job.prom"
    shutil.copytree(finished, folder)
    removed = sorted((folder / "receipts").glob("rows-*"))
    kept = {one: one.read_text() for one in removed}
    for one in removed:
        one.unlink()
    config = corpus.config(globs, folder, tiny_path)
    run = run_file.load_run(str(folder))
    assert run is not None
    splits = plan_file.load_stored(str(folder)).splits

    def call(error: BaseException | None) -> tuple[Values, Values]:
        """Return the metrics during a call of the job, which may fail, and after it."""
        with observing.observed(config, str(path)) as observer:
            assert state_of(parsed(path.read_text())) == RUNNING
            measure = status.repeated_measure(str(folder), splits, run)
            with observer.measured_by(measure, run):
                during = parsed(metrics_file.to_text(observer.sample()))
                for one, text in kept.items():
                    one.write_text(text)
            if error is not None:
                raise error
        return during, parsed(path.read_text())

    before = metrics_file.to_text(sample_of(folder))
    if error is None:
        during, after = call(None)
        assert during["beam_bert_documents",] == 120 + 61
    else:
        with pytest.raises(type(error)):
            call(error)
        after = parsed(path.read_text())
    assert state_of(after) == state
    assert after["beam_bert_documents",] == 244
    assert any(key[0] == "beam_bert_build_info" and "precision=float32" in key for key in after)
    for key, value in parsed(before).items():
        if key[0].removeprefix("beam_bert_") in SUMS:
            assert after[key] >= value


def test_a_job_without_anything_to_do_has_its_totals(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "job.prom"
    config = corpus.config([], finished, tmp_path)
    with observing.observed(config, str(path)):
        pass
    values = parsed(path.read_text())
    assert (values["beam_bert_documents",], state_of(values)) == (244, DONE)


def test_what_cannot_be_measured_keeps_its_state(tmp_path: Path) -> None:
    path = tmp_path / "job.prom"
    config = corpus.config([], tmp_path / "out", tmp_path)
    with pytest.raises(UsageError), observing.observed(config, str(path)):
        raise UsageError("no file matches")
    values = parsed(path.read_text())
    assert state_of(values) == FAILED
    assert ("beam_bert_documents",) not in values


def test_a_second_job_with_the_file_is_refused_and_changes_nothing(
    finished: Path, tmp_path: Path
) -> None:
    path = tmp_path / "job.prom"
    first, second = (corpus.config([], one, tmp_path) for one in (finished, tmp_path / "other"))
    with observing.observed(first, str(path)):
        before = path.read_text()
        with (
            pytest.raises(
                UsageError, match=r"^--metrics_file .*job\.prom: another embed is writing"
            ),
            observing.observed(second, str(path)),
        ):
            pass
        assert path.read_text() == before
        with observing.observed(second, str(tmp_path / "other.prom")):
            pass
    with observing.observed(second, str(path)):
        assert str(tmp_path / "other") in path.read_text()
