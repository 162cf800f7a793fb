"""Wrong usage exits with 2 and one or two lines with a remedy, and creates no folder."""

import argparse
import dataclasses
import os
from pathlib import Path

import pytest
from apache_beam.io.filesystem import BeamIOError

from pipeline import cli
from pipeline.commands import all_commands
from pipeline.errors import UsageError
from pipeline.options import flag_row, flags
from transforms.io import watching

MODULE = "tiny/saved_model.pb"
EMBED = "embed --input a.txt --output out --model tiny --features mean"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "a.txt",
        "deep/b.txt",
        "deep/more/c.txt",
        "deep/.git/d.txt",
        "deep/_SUCCESS",
        MODULE,
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"the cat {name}\n")
    (tmp_path / "empty/none").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (EMBED + " --output foo://x", "--output foo://x: there is no file system for foo://"),
        (EMBED + " --output hdfs://x/y", 'hdfs:// needs pip install "beam-bert[hadoop]"'),
        (EMBED + " --input foo://x", "--input foo://x: cannot be listed: there is no file system"),
        (EMBED + " --direct_num_workers many", "invalid int value: 'many'; that flag is Beam's"),
        (EMBED + " --streaming=maybe", "--streaming: ignored explicit argument 'maybe'"),
        (EMBED + " --runner FlinkRuner", "no --runner FlinkRuner: did you mean FlinkRunner?"),
        (EMBED + " --runner a.b.C", "--runner a.b.C: cannot be imported"),
        ("embed --inputs a.txt --output out", "unknown flag --inputs; did you mean --input?"),
        ("embed --input a.txt --outptu out", "unknown flag --outptu; did you mean --output?"),
        ("embed --Input a.txt --output out", "unknown flag --Input; did you mean --input?"),
        ("embed --output out --runner X", "required: --input; beam-bert embed --help"),
        ("embed --input a.txt --output ''", "--output is empty; name a folder"),
        (EMBED + " --text_template {a", "--text_template '{a' has a lone {"),
        (
            EMBED + " --text_template {a}",
            "--text_template needs records with fields; plain text has none",
        ),
        (EMBED + " --text_template {a} --text_field b", "both name the text; give one"),
        (EMBED + " --template_missing empty", "--template_missing needs --text_template"),
        (EMBED + " --repeat_fields a", "--repeat_fields is for windows: add --rows windows"),
        (EMBED + " --rows windows --repeat_fields a", "--repeat_fields needs --text_template"),
        (
            EMBED + " --rows windows --repeat_fields a --text_template {a}{b}",
            "no space is before {b}: with --repeat_fields, put a space or",
        ),
        (
            EMBED + " --rows windows --text_template {window}",
            "--text_template has {window}, and records have window_start of --rows",
        ),
        ("embed --input empty --output out", "--input empty: no file matches"),
        ("--versoin", "no command '--versoin'; did you mean --version?"),
        ("help embde", "no command 'embde'; did you mean embed?"),
    ],
)
@pytest.mark.usefixtures("place")
def test_one_line_says_what_is_wrong(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("''", "") for word in line.split()]
    try:
        status = cli.main(words)
    except SystemExit as end:
        status = end.code
    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert message in printed.err
    assert len(printed.err.splitlines()) <= 2
    assert not os.path.exists("out")


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_a_folder_is_read_with_its_folders(
    tiny_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tokenize", "--model", str(tiny_path), "--input", "deep", "--input", "a.txt"]
    assert cli.main(words) == 0
    ids = [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert ids == ['{"id":"deep/b.txt:0"', '{"id":"deep/more/c.txt:0"', '{"id":"a.txt:0"']


def test_repeated_inputs_are_joined_and_replace_the_default() -> None:
    parser = argparse.ArgumentParser()
    rows = flags.select("input")
    flag_row.add_flags(parser, rows)
    words = ["--input", "a", "b", "--input", "c"]
    assert parser.parse_args(words).input == ["a", "b", "c"]
    # As --config sets it.
    parser = argparse.ArgumentParser()
    (row,) = rows
    dataclasses.replace(row, default=["of a file"], required=False).add_to(parser)
    assert parser.parse_args(words).input == ["a", "b", "c"]
    assert parser.parse_args([]).input == ["of a file"]


def test_help_is_a_command_and_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for words in (["help", "status"], ["status", "--help"]):
        with pytest.raises(SystemExit, match="0"):
            cli.main(words)
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert "beam-bert status out" in texts[0]


def test_a_reason_is_one_line_of_what_failed() -> None:
    error = BeamIOError("all", {"s3://b/k": ValueError("no bucket\nmore")})
    assert watching.describe(error) == "no bucket"
    assert watching.describe(OSError("first\nsecond")) == "first"
    assert watching.describe(OSError()) == "OSError"


def test_fields_in_messages_are_printed_as_flags(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> int:
        raise UsageError("`max_seq_length` is 2; `length` is 3, `gelu` is tanh")

    command = dataclasses.replace(all_commands()["status"], run=refuse)
    monkeypatch.setitem(all_commands(), "status", command)
    assert cli.main(["status", "out"]) == 2
    expected = "beam-bert: --max_seq_length is 2; `length` is 3, --gelu is tanh\n"
    assert capsys.readouterr().err == expected
