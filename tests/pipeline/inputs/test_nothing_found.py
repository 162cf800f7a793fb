"""A message about an input that matches nothing says what is there instead."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.inputs import matching
from pipeline.inputs.job_folders import OwnFolders


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for path in ("data/a.jsonl", "data/my notes.txt", "hidden/.a", "hidden/_SUCCESS", "top/in/x/a"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    Path("top/in/x/a").unlink()
    Path("empty").mkdir()
    os.mkfifo("pipe")
    Path("broken").symlink_to("nowhere")
    Path("ring").symlink_to("ring")


def reason(glob: str) -> str:
    with pytest.raises(UsageError) as error:
        matching.match(glob, OwnFolders())
    message = str(error.value)
    assert message.startswith(f"--input {glob}: ")
    assert len(message.splitlines()) == 1
    return message.removeprefix(f"--input {glob}: ").removeprefix("no file matches; ")


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("", "it is empty: name a file, a folder or a glob"),
        ("pipe", "it is a FIFO, which can be read only once: give --input - < pipe"),
        ("broken", "it is a link to nowhere, which does not exist"),
        ("ring", "it is a link that leads to itself"),
        ("/dev/null", "it is a device, not a file"),
        ("empty", "it is an empty folder"),
        ("top", "it has folders (top/in, top/in/x), and none has a file"),
        ("hidden", "what is there has a hidden name (hidden/.a, hidden/_SUCCESS): name the file"),
        ("hidden/*", "what is there has a hidden name (hidden/.a, hidden/_SUCCESS): name the file"),
        ("top/*", "it matches only folders (top/in): add /** to read what is below"),
        ("data/*.csv", "data/ has a.jsonl, my notes.txt"),
        ("empty/*", "empty/ is empty"),
        ("datta/*.csv", "there is no folder datta; did you mean data?"),
        ("data/A.json", "there is no data/A.json; did you mean data/a.jsonl?"),
        ("Data/sub/a.jsonl", "there is no folder Data; did you mean data?"),
        ("zzz", "there is no zzz"),
        ("data/a.jsonl/", "data/a.jsonl is a file: leave out the / at its end"),
        ("data/a.jsonl/b", "data/a.jsonl is a file, and no folder"),
        ("~/corpus", "a shell replaces ~ only where it is not quoted: /home/me/corpus"),
        ("data\\a.jsonl", "write it with /: data/a.jsonl"),
        ("data/my\\ notes.txt", "write it without backslashes: data/my notes.txt"),
        ("file:///data/a.txt", "name the path itself, /data/a.txt, without file://"),
    ],
)
def test_what_is_there_instead(glob: str, expected: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    assert expected in reason(glob)


def test_a_folder_of_jobs_only() -> None:
    for name in ("run.json", "plan.jsonl"):
        Path("empty", name).touch()
    remedy = "spell their folder out, as in 'out/pooled/*'"
    assert remedy in reason("empty")
    Path("empty").rename("top/empty")
    assert "the output of a job (top/empty)" in reason("top/**")
