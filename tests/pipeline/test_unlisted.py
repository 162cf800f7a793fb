"""A job over a folder that holds its output, and things that are no files, goes on and ends."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import job, result, status
from pipeline.errors import JobError, UsageError
from pipeline.inputs import plan
from pipeline.options.embed_config import InputConfig
from pipeline.output import plan_file
from pipeline.result import Summary
from tests.pipeline import corpus
from transforms.sources.base import ReadConfig

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def forbidden(folder: str) -> Iterator[None]:
    """Let a folder be forbidden in the block; a test may run as root, which may list all."""
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if path == folder:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        yield


def embed(model: Path, output: str = "vectors", **settings: object) -> Summary:
    return corpus.embed(["."], Path(output), model, features=("mean",), **settings)


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("a.txt", "b-1.txt", "b/c.txt")):
        Path(name).parent.mkdir(exist_ok=True)
        # Longer than a file that is read together with others.
        Path(name).write_text("\n".join(corpus.sentence(number + line) for line in range(9)))


def test_what_cannot_be_listed_costs_itself_until_it_is_mended(
    tiny_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo("pipe")
    Path("gone.txt").symlink_to("nowhere")
    message = (
        r"3 of 5 splits could not be read: \./b/ could not be read .*: Permission denied; "
        r"\./gone\.txt .*: it is a link to nowhere.*; \./pipe .*: it is a FIFO.*\n"
        r"All others are done \(2 parts\)"
    )
    for _ in range(2):
        with forbidden("./b"), pytest.raises(JobError, match=message):
            embed(tiny_path)
    assert "unread     3 when the job was planned: ./b/: Permission" in status.to_text(
        status.measure("vectors")
    )
    Path("pipe").unlink()
    Path("gone.txt").unlink()
    summary = embed(tiny_path)
    assert (summary.parts_before, len(summary.progress.parts)) == (2, 3)
    assert not status.measure("vectors").unread
    assert embed(tiny_path).nothing_left
    with forbidden("./b"):
        assert embed(tiny_path).nothing_left
    capfd.readouterr()
    undisturbed = embed(tiny_path, "other")
    assert undisturbed.left_out == ("the output of a job (./vectors)",)
    assert "left out    the output of a job (./vectors)" in result.to_text(undisturbed)
    assert "beam-bert: left out: the output of a job (./vectors)" in capfd.readouterr().err
    assert corpus.data_files(Path("other")) == corpus.data_files(Path("vectors"))
    config = corpus.config(["."], Path("other"), tiny_path).input
    assert plan_file.load_plan("other") == plan.make_plan(config)


def test_an_output_that_is_the_input_is_refused(tiny_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--output \. contains '.*', which is not part of a job"):
        embed(tiny_path, ".")


def test_the_table_of_repeats_waits_for_what_cannot_be_listed(tiny_path: Path) -> None:
    message = r"\./b/ could not be read.*\n--dedup corpus embeds nothing before it has read all"
    with forbidden("./b"), pytest.raises(JobError, match=message):
        embed(tiny_path, dedup="corpus")
    assert not list(Path("vectors").glob("pooled/*.tfrecord"))
    assert len(embed(tiny_path, dedup="corpus").progress.parts) == 3


def test_whole_files_go_on_when_a_folder_is_mended(tiny_path: Path) -> None:
    read = InputConfig((".",), "files", ReadConfig(part_bytes=1024))
    for name in ("a.txt", "b-1.txt", "b/c.txt"):
        Path(name).write_text(corpus.sentence(len(name)))

    def embed_files(output: str) -> Summary:
        config = corpus.config(["."], Path(output), tiny_path, features=("mean",), input=read)
        return job.run_job(config)

    with forbidden("./b"), pytest.raises(JobError, match=r"1 of 2 splits .*: \./b/ could not"):
        embed_files("vectors")
    assert embed_files("vectors").parts_before == 1
    assert embed_files("vectors").nothing_left
    assert embed_files("vectors").progress.counts()["embedded"] == 3
