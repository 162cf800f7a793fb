"""Links, jobs within the input, and whatever is neither a file nor a folder."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.inputs import plan
from pipeline.inputs.plan import InputPlan
from pipeline.options.embed_config import InputConfig
from tests.pipeline.inputs.test_job_folders import SPLIT
from transforms.sources.base import ReadConfig

TEXT = "the cat\n"


def write(*paths: str) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(TEXT)


def look(*globs: str, output: str = "", format_: str = "auto") -> InputPlan:
    return plan.plan_input(InputConfig(globs, format_, ReadConfig()), None, {}, output)


def read(*globs: str, output: str = "") -> list[str]:
    """List the paths of the files that are read."""
    splits = [split for split in look(*globs, output=output).splits if not split.unread]
    return [file.path for split in splits for file in split.files]


def unread(*globs: str) -> dict[str, str]:
    return {s.source.path: s.unread for s in look(*globs).splits if s.unread}


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "in/cache"))


@pytest.mark.parametrize("glob", ["in", "in/**"])
def test_a_folder_is_read_once_by_its_own_path(glob: str) -> None:
    write("in/z/a.txt", "other/b.txt", "other/deep/c.txt")
    Path("in/a").symlink_to("z")
    Path("in/m").symlink_to("../other")
    Path("in/n").symlink_to("../other/deep")
    Path("in/z/loop").symlink_to("..")
    assert read(glob) == ["in/m/b.txt", "in/m/deep/c.txt", "in/z/a.txt"]
    assert look(glob).left_out == ("3 other ways to folders that are read (in/a, in/n, in/z/loop)",)


@pytest.mark.parametrize("glob", ["in", "in/*", "in/**"])
def test_what_spark_leaves_is_read_alike_by_folder_and_glob(glob: str) -> None:
    write("in/part-0.txt", "in/.part-0.txt.crc", "in/_SUCCESS", "in/._SUCCESS.crc")
    assert look(glob) == InputPlan(look("in/part-0.txt").splits, ())
    assert read("in/.part*", "in/_*") == ["in/.part-0.txt.crc", "in/_SUCCESS"]


def test_a_glob_follows_links_as_deep_as_it_reaches() -> None:
    write("in/a.txt", "in/z/a.txt")
    Path("in/loop").symlink_to(".")
    assert read("in/*/*.txt") == ["in/loop/a.txt", "in/z/a.txt"]
    assert read("in/*.txt", "in/*/*.txt") == ["in/a.txt", "in/z/a.txt"]


@pytest.mark.parametrize("glob", ["in", "in/**", "in/*"])
def test_what_cannot_be_read_is_named_and_the_rest_is_planned(glob: str) -> None:
    write("in/a.txt", "in/.hidden")
    Path("in/broken").symlink_to("nowhere")
    Path("in/.#lock").symlink_to("me@host")
    Path("in/ring").symlink_to("ring")
    os.mkfifo("in/pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("in/socket")
    assert read(glob) == ["in/a.txt"]
    assert unread(glob) == {
        "in/broken": "it is a link to nowhere, which does not exist",
        "in/pipe.txt": "it is a FIFO, not a file",
        "in/ring": "it is a link that leads to itself",
        "in/socket": "it is a socket, not a file",
    }
    assert not look(glob).left_out


def test_with_whole_files_too_it_costs_itself() -> None:
    write("in/a.txt", "in/b.txt")
    os.mkfifo("in/pipe")
    group, pipe = look("in", format_="files").splits
    assert (pipe.source.path, pipe.unread) == ("in/pipe", "it is a FIFO, not a file")
    assert [member.path for member in group.members] == ["in/a.txt", "in/b.txt"]


def test_a_broken_link_may_lead_to_a_folder() -> None:
    write("in/a/b.txt")
    Path("in/disk").symlink_to("/mnt/disk")
    assert list(unread("in/*/*.txt")) == ["in/disk"]
    assert not unread("in/[a-c]/*.txt")


@pytest.mark.parametrize(
    ("globs", "names", "first"),
    [
        (("in",), ["in/b.txt", "in/z.txt"], "in/a.txt"),
        (("in/b.txt", "in"), ["in/a.txt", "in/z.txt"], "in/b.txt"),
        (
            ("./in/a.txt", "in//a.txt", "in/../in/a.txt"),
            ["in//a.txt", "in/../in/a.txt"],
            "./in/a.txt",
        ),
    ],
)
def test_a_file_of_several_names_is_read_once_by_the_first(
    globs: tuple[str, ...], names: list[str], first: str
) -> None:
    write("in/a.txt", "in/c.txt")
    Path("in/b.txt").symlink_to("a.txt")
    os.link("in/a.txt", "in/z.txt")
    result = look(*globs)
    paths = [file.path for split in result.splits for file in split.files]
    assert [path for path in paths if path != "in/c.txt"] == [first]
    shown = ", ".join(f"{name} is {first}" for name in sorted(names))
    assert result.left_out == (f"2 other names of files that are read ({shown})",)


def test_the_same_name_twice_is_not_mentioned() -> None:
    write("in/a.txt")
    assert look("in", "in/*.txt", "in/a.txt") == InputPlan(look("in").splits, ())


RUN = ["run.json", "plan.jsonl", "pooled/a.txt", "receipts/a.json", "stdin"]


@pytest.mark.parametrize("top", [".", "./**", "in", "in/**", "in/*/*", "in/*/*/*"])
@pytest.mark.parametrize("output", ["", "in/vectors"])
def test_the_output_of_a_job_below_the_input_is_left_out(top: str, output: str) -> None:
    write("in/a.txt", "in/deep/b.txt", "in/deep/c/d.txt", *(f"in/vectors/{name}" for name in RUN))
    expected = [
        path
        for path in ("in/a.txt", "in/deep/b.txt", "in/deep/c/d.txt")
        if not top.endswith("/*") or path.count("/") == top.count("/")
    ]
    assert [os.path.normpath(path) for path in read(top, output=output)] == expected
    (line,) = look(top, output=output).left_out
    whose = "the output of this job" if output else "the output of a job"
    assert line.replace("./", "") == f"{whose} (in/vectors)"


def test_a_job_that_begins_is_left_out() -> None:
    write("in/a.txt", "in/new/tmp/0123456789abcdef0123456789abcdef", "in/mine/tmp/a")
    Path("in/other").mkdir()
    Path("in/other/plan.jsonl").write_text(SPLIT)
    assert read("in", output="in/mine") == ["in/a.txt"]


def test_the_cache_of_models_is_left_out() -> None:
    write("in/a.txt", "in/cache/vocab.txt")
    assert read("in") == ["in/a.txt"]
    assert look("in").left_out == ("the cache of models (in/cache)",)
    assert read("in/cache/*.txt") == ["in/cache/vocab.txt"]


def test_a_folder_of_a_job_that_is_spelled_out_is_read() -> None:
    write(*(f"old/{name}" for name in (*RUN, "pooled/b.txt", "mine.txt")))
    assert read("old/pooled/b*") == ["old/pooled/b.txt"]
    assert read("old/pooled") == ["old/pooled/a.txt", "old/pooled/b.txt"]
    assert read("old/stdin") == ["old/stdin"]
    # Where the path ends in the folder of the job, its own files are no corpus.
    assert read("old") == read("old/*") == read("old/**") == ["old/mine.txt"]


def test_own_output_is_never_read() -> None:
    write(*(f"out/{name}" for name in RUN), "a.txt")
    for glob in ("out/pooled/*", "out/pooled", "./out/run.json", "out"):
        with pytest.raises(UsageError, match=r"output of this job .*: leave it out"):
            read(glob, output="out")
    assert read(".", output="out") == ["./a.txt"]
