"""A job that is killed anywhere, repeatedly, has the same output as an undisturbed job."""

import contextlib
import importlib
import multiprocessing
import os
import pkgutil
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from apache_beam.io.filesystems import FileSystems

import pipeline
from pipeline import cli
from tests import analysis_memo, beam_memo
from tests.pipeline import corpus, small_files
from transforms.io import storage

RANDOM_KILLS, MOST_RUNS = 4, 40
_NOTICES = re.compile(r"WARNING: All log messages before absl::|I0000 |[\d,]+ parts?, ")
SIZES = ["--max_seq_length=8", "--part_bytes=1024", "--tokens_per_batch=64"]
FLAGS = [*SIZES, "--id_field=id", "--keep_fields=k", "--max_rejected=0.1", "--engine=tensorflow"]
FLAGS += ["--features=pooled_output,sequence_output", "--keep_fields_in=pooled"]


class Forks(NamedTuple):
    """Starts commands in processes that have TensorFlow imported, and nothing else in common.

    Attributes:
        context: starts the processes.
        known: folder of analyses that jobs take; None if each job learns by itself.
    """

    context: Any
    known: Path | None

    def run(self, arguments: list[str], *more: object) -> int:
        """Run a command; return its exit status, or minus the signal."""
        process = self.start(arguments, *more)
        process.join()
        return process.exitcode

    def start(self, arguments: list[str], *more: object) -> Any:
        """Start a command; return its process."""
        process = self.context.Process(target=_child, args=(self.known, arguments, *more))
        process.start()
        return process


@pytest.fixture(scope="module")
def learning_forks() -> Forks:
    """Start jobs that learn by themselves, to be killed meanwhile."""
    context = multiprocessing.get_context("forkserver")
    modules = pkgutil.walk_packages(pipeline.__path__, "pipeline.")
    preloaded = [module.name for module in modules if not module.name.endswith("__main__")]
    context.set_forkserver_preload([*preloaded, __name__])
    return Forks(context, None)


@pytest.fixture(scope="module")
def forks(learning_forks: Forks, _analyses: Path) -> Forks:
    return learning_forks._replace(known=_analyses)


@pytest.fixture(scope="module")
def command(globs: list[str], tiny_path: Path) -> list[str]:
    return ["embed", "--input", *globs, "--model", str(tiny_path), *FLAGS]


def _child(
    known: Path | None,
    arguments: list[str],
    end_at: tuple[str, int] | None = None,
    number: int = signal.SIGKILL,
    errors: str | None = None,
) -> None:
    # nohup makes the tests ignore SIGHUP, and so their children.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if end_at:
        place, count = end_at
        _POINTS[place].call(_Countdown(count, number))
    stream = os.open(errors or os.devnull, os.O_CREAT | os.O_WRONLY)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    analyses = analysis_memo.remembered(known) if known else contextlib.nullcontext()
    with analyses, beam_memo.remembered():
        cli.program(arguments)


class _Countdown:
    """Signals its process, as others would, when it is called for the n-th time."""

    def __init__(self, count: int, number: int) -> None:
        self._left = count
        self._number = number

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._number)
            # The main thread hears of it while this one still has work.
            time.sleep(0.5)


class _Point(NamedTuple):
    """A function of the program, before or after which a job ends."""

    owner: Any
    name: str
    after: bool

    def call(self, end: Callable[[], None]) -> None:
        """Make each call of the function also call `end`."""
        owner = self.found_owner()
        original = getattr(owner, self.name)

        def patched(*arguments: Any, **named: Any) -> Any:
            if not self.after:
                end()
            result = original(*arguments, **named)
            if self.after:
                end()
            return result

        setattr(owner, self.name, patched)

    def found_owner(self) -> Any:
        """Return the class or module of the function; a name is imported only here."""
        return importlib.import_module(self.owner) if isinstance(self.owner, str) else self.owner


def _before(owner: Any, name: str) -> _Point:
    return _Point(owner, name, after=False)


def _after(owner: Any, name: str) -> _Point:
    return _Point(owner, name, after=True)


_POINTS = {
    "planned": _after("pipeline.output.run_file", "write_run"),
    "analyzed": _after("pipeline.graphs", "read_transform"),
    "saving the transform": _before("tensorflow._api.v2.io.gfile", "rename"),
    "reading": _before("transforms.groups.read_split", "check_unchanged"),
    "embedding repeats": _before("transforms.steps.build_repeat_table", "serialize_piece"),
    "before the receipt of the table": _before("transforms.dedup.repeat_files", "write_receipt"),
    "encoding": _before("transforms.embedding.embed", "pad_batch"),
    "writing": _before(storage.HashedFile, "write"),
    "before a rename": _before(FileSystems, "rename"),
    "after a rename": _after(FileSystems, "rename"),
    "between rename and receipt": _before("transforms.write", "_check_counts"),
    "the manifest is written": _before("pipeline.parts.part_texts", "quote"),
    "the manifest is done": _after("pipeline.manifest", "write_manifest"),
}
# In an order in which the job gets as far as each.
_DEATHS = [
    *(("before a rename", 1), ("after a rename", 1), ("planned", 1)),
    *(("saving the transform", 1), ("saving the transform", 2), ("analyzed", 1)),
    *(("reading", 1), ("encoding", 1), ("writing", 9), ("between rename and receipt", 1)),
    # Later parts, where the folder already has some: reading and encoding write nothing.
    *(("after a rename", 6), ("before a rename", 9)),
    *(("writing", 5), ("between rename and receipt", 3), ("the manifest is written", 2)),
    ("the manifest is done", 1),
]

_DEATHS_OF_TABLE = [
    *(("embedding repeats", 1), ("before the receipt of the table", 1)),
    ("between rename and receipt", 2),
]


_DEATHS_OF_SMALL_FILES = [
    *(("embedding repeats", 1), ("reading", 3)),
    *(("between rename and receipt", 2), ("the manifest is written", 1)),
]


def test_all_places_where_a_job_is_killed_exist() -> None:
    places = {place for place, _ in [*_DEATHS, *_DEATHS_OF_TABLE]}
    assert places == set(_POINTS)
    for point in _POINTS.values():
        assert callable(getattr(point.found_owner(), point.name))


def kill_at_each(deaths: list[tuple[str, int]], forks: Forks, arguments: list[str]) -> None:
    """Kill a job at each place, one call after the other, and then let it finish."""
    for place in deaths:
        assert forks.run(arguments, place) == -signal.SIGKILL, place
    assert forks.run(arguments) == 0


def messages(errors: Path) -> str:
    """Return what a command wrote, but for TensorFlow's notices and a slow job's progress."""
    lines = errors.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not _NOTICES.match(line))


def assert_same(output: Path, undisturbed: Path) -> None:
    assert corpus.data_files(output) == corpus.data_files(undisturbed)
    assert list(names(output)) == list(names(undisturbed))


def names(output: Path) -> Iterator[str]:
    """List all files, without the report: the program draws it, and the function does not."""
    paths = sorted(str(path.relative_to(output)) for path in output.rglob("*"))
    return (name for name in paths if name != "report.html")


@pytest.mark.slow
def test_a_job_killed_at_every_step_leaves_the_same_bytes(
    learning_forks: Forks, command: list[str], finished: Path, tmp_path: Path
) -> None:
    kill_at_each(_DEATHS, learning_forks, [*command, "--output", str(tmp_path / "out")])
    assert_same(tmp_path / "out", finished)


@pytest.mark.slow
def test_a_job_with_a_table_of_repeats_that_is_killed_leaves_the_same_bytes(
    forks: Forks, command: list[str], tmp_path: Path
) -> None:
    of_table = [*command, "--dedup=corpus", "--features=mean"]
    assert cli.main([*of_table, "--output", str(tmp_path / "undisturbed")]) == 0
    kill_at_each(_DEATHS_OF_TABLE, forks, [*of_table, "--output", str(tmp_path / "out")])
    assert_same(tmp_path / "out", tmp_path / "undisturbed")


@pytest.mark.slow
def test_a_job_of_small_files_that_is_killed_leaves_the_same_bytes(
    forks: Forks, tiny_path: Path, tmp_path: Path
) -> None:
    folder = small_files.write_files(tmp_path / "in")
    command = ["embed", "--input", str(folder), "--model", str(tiny_path), *SIZES]
    command += ["--features=mean", "--dedup=corpus", "--max_rejected=0.1", "--engine=tensorflow"]
    assert cli.main([*command, "--output", str(tmp_path / "undisturbed")]) == 0
    kill_at_each(_DEATHS_OF_SMALL_FILES, forks, [*command, "--output", str(tmp_path / "out")])
    assert_same(tmp_path / "out", tmp_path / "undisturbed")
    assert len(list(tmp_path.glob("out/receipts/*.json"))) < small_files.FILES / 4


@pytest.mark.slow
def test_a_job_killed_at_random_moments_leaves_the_same_bytes(
    forks: Forks, command: list[str], finished: Path, tmp_path: Path
) -> None:
    moments = random.SystemRandom()
    kills, folder, started = 0, 0, time.monotonic()
    arguments = [*command, "--output", str(tmp_path / "measured")]
    assert forks.run(arguments) == 0
    whole = time.monotonic() - started
    for _ in range(MOST_RUNS):
        output = tmp_path / str(folder)
        process = forks.start([*command, "--output", str(output)])
        process.join(moments.uniform(0.2, 1.0) * whole)
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        if process.exitcode == 0:
            assert_same(output, finished)
            folder += 1
        if kills >= RANDOM_KILLS and process.exitcode == 0:
            break
    assert kills >= RANDOM_KILLS


@pytest.mark.slow
def test_a_job_told_to_end_says_how_to_go_on(
    forks: Forks, command: list[str], finished: Path, tmp_path: Path
) -> None:
    # Each in a folder of its own: threads of the job before may have finished all its parts.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        place, errors = ("between rename and receipt", 2), tmp_path / number.name
        output = tmp_path / f"out-{number.name}"
        arguments = [*command, "--output", str(output)]
        assert forks.run(arguments, place, number, str(errors)) == 128 + number
        assert messages(errors) == (
            f"beam-bert: interrupted by {number.name}.\n"
            "Finished parts stay valid; the same command continues\n"
        )
        assert not (output / "manifest.json").exists()
    assert forks.run(arguments) == 0
    assert_same(output, finished)
