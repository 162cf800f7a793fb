"""One flag, one row: everything that knows flags is made from the table."""

import contextlib
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline import api, cli
from pipeline.commands import all_commands
from pipeline.console.command import Command
from pipeline.errors import UsageError
from pipeline.options import conversion, flags, resume_command
from pipeline.options.embed_config import EmbedConfig, InputConfig
from pipeline.options.flag_row import Flag, name_flags
from transforms.bert import engines
from transforms.plugins import Registry
from transforms.records import output_format
from transforms.records.record_config import RecordConfig
from transforms.sources import base
from transforms.sources.base import ReadConfig

GIVEN = {"input": ["a"], "output": "out", "engine": "tensorflow"}
WORDS = ["--input", "a", "--output", "out", "--engine", "tensorflow"]


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> Flag:
    """A new flag, for a field of the configuration that no flag sets."""
    # Loaded once a process: not with this row.
    all_commands()
    row = Flag(
        name="max_document_bytes",
        path="input.read.max_document_bytes",
        value_type=int,
        default=16 << 20,
        decides_output=True,
        group="input",
        metavar="N",
        help="reject larger documents",
    )
    monkeypatch.setattr(flags, "FLAGS", (*flags.FLAGS, row))
    return row


@pytest.fixture
def command(row: Flag) -> Command:
    embed = all_commands()["embed"]
    return dataclasses.replace(embed, flags=(*embed.flags, row))


def test_a_row_makes_a_flag_of_the_command_line(
    row: Flag, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    config = conversion.embed_config(command.parse([*WORDS, row.option, "99"]))
    assert config.input.read.max_document_bytes == 99
    default = conversion.embed_config(command.parse(WORDS))
    assert default.input.read.max_document_bytes == row.default
    with pytest.raises(SystemExit):
        command.parse(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "--max_document_bytes N reject larger documents (default: 16777216)" in text
    with pytest.raises(SystemExit):
        command.parse([*WORDS, "--max_document_byte", "99"])
    assert "did you mean --max_document_bytes?" in capsys.readouterr().err


def test_a_row_makes_a_key_of_files(row: Flag, command: Command, tmp_path: Path) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(f"{row.name}: 77\n")
    settings, left = command.parse_with_file([*WORDS, "--config", str(path)])
    assert (settings[row.name], left) == (77, [])
    path.write_text(f"{row.name}: many\n")
    with pytest.raises(UsageError, match="max_document_bytes is 'many'; give a whole number"):
        command.parse_with_file([*WORDS, "--config", str(path)])


def test_a_row_makes_a_keyword(row: Flag) -> None:
    settings = conversion.settings_of({**GIVEN, row.name: 5})
    assert conversion.embed_config(settings).input.read.max_document_bytes == 5
    assert row.name in api._signature().parameters
    with pytest.raises(UsageError, match="max_document_bytes is None; give a whole number"):
        conversion.settings_of({**GIVEN, row.name: None})


def test_a_row_takes_part_in_the_identity_and_its_inverse(row: Flag) -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, row.name: 5}))
    identity = json.loads(json.dumps(config.identity()))
    assert list(identity)[-1] == row.option
    assert identity[row.option] == 5
    again = conversion.from_identity(identity, "out")
    assert again.identity() == identity
    assert again.input == config.input


DIALECT = {"csv_quoting": "none", "csv_escape": "\\", "csv_delimiter": "\t"}


def test_a_newer_flag_is_in_the_identity_where_it_differs_from_the_default() -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, **DIALECT}))
    identity = json.loads(json.dumps(config.identity()))
    assert list(identity.values())[-3:] == ["none", "\\", "\\t"]
    assert conversion.from_identity(identity, "out").input == config.input
    default = conversion.embed_config(conversion.settings_of({**GIVEN, "csv_quoting": "auto"}))
    assert not {f"--{name}" for name in DIALECT} & set(default.identity())
    assert conversion.from_identity(default.identity(), "out").input == default.input


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"engine": "openvino"}, 8),
        ({"engine": "openvino", "length_group": 0}, None),
        ({"engine": "tensorflow"}, None),
        ({"engine": "tensorflow", "length_group": 8}, 8),
    ],
)
def test_groups_of_lengths_are_in_the_identity_where_older_jobs_had_none(
    given: dict[str, object], stored: int | None
) -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, "xla_buckets": 0, **given}))
    identity = json.loads(json.dumps(config.identity()))
    assert identity.get("--length_group") == stored
    assert conversion.from_identity(identity, "out").batching == config.batching
    words = resume_command.command_of(config)[2:]
    assert conversion.embed_config(all_commands()["embed"].parse(words)) == config


BOTH = {"features": "pooled_output,sequence_output"}


@pytest.mark.parametrize(
    ("given", "kept_in"),
    [
        ({"keep_fields": "k", **BOTH}, "all"),
        ({"keep_fields": "k", "keep_fields_in": "all", **BOTH}, "all"),
        ({"keep_fields": "k", "keep_fields_in": "pooled", **BOTH}, None),
        ({"keep_fields": "k"}, None),
        ({"keep_fields_in": "all"}, None),
    ],
)
def test_the_records_that_keep_fields_are_in_the_identity_where_older_jobs_had_no_choice(
    given: dict[str, str], kept_in: str | None
) -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, **given}))
    identity = json.loads(json.dumps(config.identity()))
    assert identity.get("--keep_fields_in") == kept_in
    assert conversion.from_identity(identity, "out").records == config.records
    words = resume_command.command_of(config)[2:]
    assert conversion.embed_config(all_commands()["embed"].parse(words)) == config


def test_kept_fields_are_in_the_same_records_by_default_in_python_and_by_flags() -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, "keep_fields": "k", **BOTH}))
    read = ReadConfig(keep_fields=("k",))
    code = EmbedConfig(InputConfig(("a",), "auto", read), "out", features=config.features)
    records = RecordConfig(config.features, keep_fields=("k",))
    assert config.records == code.records == records
    assert records.keep_fields_in == "all"


def test_a_tab_is_spelled_in_the_command_that_continues_a_job() -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, **DIALECT}))
    words = ["--csv_quoting", "none", "--csv_escape", "\\", "--csv_delimiter", "\\t"]
    assert resume_command.command_of(config)[-6:] == words


@pytest.mark.parametrize("value", [None, 5, "mean"])
@pytest.mark.parametrize("option", ["--input", "--keep_fields", "--features"])
def test_several_words_of_an_identity_are_an_array(option: str, value: object) -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, "features": "mean"}))
    identity = config.identity() | {option: value}
    with contextlib.suppress(TypeError, ValueError):
        assert conversion.from_identity(identity, "out").identity() != identity


def test_a_row_takes_part_in_the_resume_command(row: Flag) -> None:
    config = conversion.embed_config(conversion.settings_of({**GIVEN, row.name: 5}))
    assert resume_command.command_of(config)[-2:] == [row.option, "5"]
    default = conversion.embed_config(conversion.settings_of(GIVEN))
    assert row.option not in resume_command.command_of(default)


def test_a_row_lets_messages_name_the_flag(row: Flag) -> None:
    assert name_flags(f"`{row.name}` is 5", flags.FLAGS) == f"{row.option} is 5"


def test_the_identity_has_the_order_in_which_jobs_stored_it() -> None:
    config = conversion.embed_config(conversion.settings_of(GIVEN))
    assert [name.removeprefix("--") for name in config.identity()] == [
        *("input", "input_format", "text_field", "text_b_field", "pair_separator", "id_field"),
        *("keep_fields", "encoding", "part_bytes", "max_seq_length", "window_stride", "features"),
        *("keep_tokens", "dtype", "normalize", "truncate_dim", "output_format", "compression"),
        *("engine", "precision", "xla_buckets", "dedup", "tokens_per_batch"),
    ]


def test_defaults_of_flags_are_those_of_the_configuration() -> None:
    """But for those that depend on the machine or on other flags."""
    config = conversion.embed_config(conversion.settings_of(GIVEN))
    code = EmbedConfig(InputConfig(("a",), "auto", ReadConfig()), "out")
    read = dataclasses.replace(config.input.read, part_bytes=code.input.read.part_bytes)
    config = dataclasses.replace(
        config,
        input=dataclasses.replace(config.input, read=read),
        batching=code.batching,
        compute=dataclasses.replace(config.compute, xla_buckets=code.compute.xla_buckets),
    )
    assert config == code


def test_flags_of_commands_have_one_row_each() -> None:
    for command in all_commands().values():
        names = [row.name for row in command.flags]
        assert len(set(names)) == len(names)


def test_every_row_is_described_where_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    for name, command in all_commands().items():
        with pytest.raises(SystemExit):
            cli.main([name, "--help"])
        text = capsys.readouterr().out
        assert all((row.metavar if row.positional else row.option) in text for row in command.flags)


@pytest.mark.parametrize(
    ("name", "plugins"),
    [
        ("input_format", base.registry),
        ("output_format", output_format.registry),
        ("engine", engines.registry),
    ],
)
def test_the_help_of_a_flag_names_all_plugins(name: str, plugins: Registry[Any]) -> None:
    (row,) = (row for row in flags.FLAGS if row.name == name)
    assert set(plugins.names()) <= {*re.findall(r"\w+", row.help), *row.choices}
