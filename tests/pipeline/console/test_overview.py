import io
import sys

import pytest

import transforms
from pipeline import cli
from pipeline.commands import all_commands
from pipeline.console import overview, parser
from pipeline.console.command import Command
from pipeline.options import flags


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [40, 80, 300])
def test_help_fits_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in all_commands():
        text = help_of(command, capsys)
        *body, _, heading, example = text.rstrip("\n").split("\n")
        assert heading == "example:"
        assert f"beam-bert {command}" in example
        assert max(map(len, body[1:])) <= min(columns, 100)
        assert "(default: None)" not in text
    lines = overview.overview(all_commands().values()).splitlines()
    assert max(map(len, [line for line in lines if "--input" not in line])) <= max(columns, 41)


@pytest.mark.parametrize("command", all_commands().values(), ids=lambda command: command.name)
def test_each_example_can_be_parsed(command: Command) -> None:
    words = command.example.split("beam-bert ")[-1].replace("'", "").split()
    assert words[0] == command.name
    assert command.parse(words[1:])


def test_every_flag_has_a_help_and_those_of_embed_a_group() -> None:
    assert all(row.group for row in flags.FLAGS)
    assert all(row.help for command in all_commands().values() for row in command.flags)


def test_colour_is_printed_on_terminals_unless_unwanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert not parser.in_colour(io.StringIO())
    assert parser.in_colour(Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert cli.main(["nonsense"]) == 2
    assert sys.stderr.getvalue().startswith("\x1b[1;31mbeam-bert:\x1b[0m there is no command")
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            patch.setattr(sys, "stderr", Terminal())
            assert cli.main(["nonsense"]) == 2
            assert "\x1b" not in sys.stderr.getvalue()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["embd"], "there is no command 'embd'; did you mean embed?"),
        (["zzz"], "there are embed, plan"),
        (["verify", "out", "--smaple", "3"], "unknown flag --smaple; did you mean --sample?"),
        (["status", "out", "--zzzzz"], "unknown flag --zzzzz; beam-bert status --help lists"),
        (["embed", "--output", "o"], "the following arguments are required: --input"),
        (["head", "out", "-n", "x"], "argument -n: invalid int value: 'x'"),
        (["verify", "o", "--log_level", "x"], "argument --log_level: invalid choice: 'x'"),
    ],
)
def test_mistyped_words_get_a_remedy(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = cli.main(arguments)
    except SystemExit as left:
        status = left.code
    assert status == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_versions_are_printed(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([flag]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"beam-bert {transforms.__version__}\napache-beam 2.")
    assert "python 3." in out
