"""The command in run.json and in the report continues the job."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import cli
from pipeline.commands import all_commands
from pipeline.console import quiet
from pipeline.errors import JobError, UsageError
from pipeline.options import beam_flags, conversion, embed_config, resume_command
from pipeline.output import run_file
from pipeline.output.run_file import Run
from pipeline.report import facts

LINES = [
    "--input a.txt b.txt --output out",
    "--input 'a b/*.jsonl' --output out/ --features mean,cls --keep_fields k,n:int64 --normalize",
    "--input - --output out --pair_separator '|||' --model_sha256 ab --max_rejected 1",
    "--input a --output o --features layers:-1,-2 --window_stride 4 --keep_tokens --dtype float16",
    "--input a --output o --features mean --dedup corpus --part_bytes 7777 --tokens_per_batch 99",
    "--input a --output o --engine tensorflow --xla_buckets 3 --precision bfloat16 --min_cosine=-1",
    "--input a --output o '--pair_separator=-|' --text_field=-x --max_unknown 0.5",
    "--input a --output o --features sequence_output --max_output_gb 9 --part_bytes 262144",
]


def config_of(words: list[str]) -> embed_config.EmbedConfig:
    settings, beam_words = all_commands()["embed"].parse_with_file(words)
    assert beam_words == []
    return conversion.embed_config(settings)


@pytest.mark.parametrize("line", LINES)
def test_the_command_makes_the_same_configuration(line: str) -> None:
    config = config_of(shlex.split(line))
    command = resume_command.command_of(config)
    assert command[:3] == ["beam-bert", "embed", "--input"]
    assert config_of(command[2:]) == config


def test_defaults_are_left_out_but_not_those_of_the_machine_or_the_release() -> None:
    command = resume_command.command_of(config_of(shlex.split("--input a --output o --overwrite")))
    of_machine = ["--engine", "--xla_buckets", "--tokens_per_batch"]
    assert command[2::2] == ["--input", "--output", "--features", *of_machine]
    assert command[3:9:2] == ["a", "o", "mean"]


def test_flags_of_beam_are_included() -> None:
    arguments = ["--runner=FlinkRunner", "--flink_master=h:1", "--experiments=a", "--experiments=b"]
    arguments += ["--streaming", "--direct_num_workers=2"]
    config = config_of(shlex.split("--input a --output o"))
    command = resume_command.command_of(config, beam_flags.beam_options(arguments))
    assert sorted(command[-6:]) == sorted(arguments)
    parsed = PipelineOptions(command[-6:]).get_all_options(drop_default=True)
    assert parsed == PipelineOptions(arguments).get_all_options(drop_default=True)


def flags_with_text() -> list[str]:
    """List the flags of Beam that take any text."""
    return [
        action.option_strings[0]
        for action in beam_flags._actions()
        if action.nargs != 0 and action.type in (None, str) and not action.choices
    ]


SECRET_VALUES = (
    *("hush", "https://me:hush@host:1/a", "https://host/a?sig=hush&se=1", "A=b,MY_TOKEN=hush"),
    "AccountName=a;AccountKey=hush;EndpointSuffix=b",
    *("-Dx.password=hush", '{"env": {"AWS_SECRET_ACCESS_KEY": "hush"}}', "me:hush@host:9092"),
)


# The name of a key, and addresses that name rights.
NO_SECRETS = {"--dataflow_kms_key", "--gcp_oauth_scopes"}


@pytest.mark.parametrize("value", SECRET_VALUES)
def test_no_secret_in_a_flag_of_beam_is_in_run_json(value: str) -> None:
    config = config_of(shlex.split("--input a --output o"))
    flags = set(flags_with_text()) - {"--beam_services", "--transform_name_mapping"}
    assert len(flags) >= 85
    given = beam_flags.beam_options([f"{flag}={value}" for flag in sorted(flags)])
    words = resume_command.command_of(config, given)
    words = words[words.index("--tokens_per_batch") + 2 :]
    assert len(words) >= len(flags)
    kept = {word.partition("=")[0] for word in words if "hush" in word}
    if value == "hush":
        named = "secret|passw|token|credential|key|conn.*str|auth|sas|sig"
        assert {flag for flag in kept if re.search(named, flag)} == NO_SECRETS
        return
    assert not kept
    with pytest.raises(UsageError, match="has REDACTED in the place of a secret"):
        beam_flags.beam_options(words)


@pytest.mark.parametrize("flag", ["--input", "--output"])
def test_an_address_with_a_secret_is_refused_where_it_would_be_stored(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("the cat")
    for url in ("s3://bucket/a?X-Amz-Signature=hush", "hdfs://me:hush@host/a"):
        words = ["embed", "--input", "a.txt", "--output", "out", flag, url]
        assert cli.main(words) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"beam-bert: {flag} {url[:5]}")
        assert "REDACTED" in error
        assert "hush" not in error
    assert os.listdir() == ["a.txt"]


def test_a_signed_address_of_a_model_is_stored_and_shown_without_the_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("tensorflow_hub.resolve", _fails_with_the_address)
    url = "https://me:hush@host/bert/1?tf-hub-format=compressed&X-Goog-Signature=hush"
    stored = "https://REDACTED@host/bert/1?tf-hub-format=compressed&X-Goog-Signature=REDACTED"
    (tmp_path / "a.txt").write_text("the cat")
    words = ["--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    config = config_of([*words, "--model", url])
    command = resume_command.command_of(config)
    assert stored in command
    for handle in (url, stored):
        assert cli.main(["embed", *words, "--model", handle]) == 2
        error = capsys.readouterr().err
        assert f"--model {stored}: " in error
        assert "hush" not in error
    assert "put the secret there" in error
    run = Run(config.identity(), "0" * 64, command=tuple(command), directory="")
    run_file.write_run(str(tmp_path / "out"), run, config)
    assert run_file.load_run_file(str(tmp_path / "out")).model.handle == stored
    assert "hush" not in (tmp_path / "out/run.json").read_text()


def _fails_with_the_address(handle: str) -> str:
    raise OSError(f"<urlopen error of {handle}>")


@pytest.mark.parametrize("error", [UsageError, JobError])
def test_no_error_quotes_a_secret(error: type[Exception]) -> None:
    assert str(error("no answer from http://me:hush@proxy:1")) == (
        "no answer from http://REDACTED@proxy:1"
    )


def test_a_log_shows_no_secret(capsys: pytest.CaptureFixture) -> None:
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, [logging.StreamHandler(sys.stderr)]
    try:
        with quiet.quiet_beam("info"):
            logging.getLogger("apache_beam").warning("options: %s", {"s3_session_token": "hush"})
    finally:
        root.handlers = handlers
        root.setLevel(logging.WARNING)
    error = capsys.readouterr().err
    assert "options: {'s3_session_token': 'REDACTED'}" in error


@pytest.mark.slow
def test_the_reports_command_runs_from_anywhere_and_finds_the_job(
    tiny_path: Path, environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a b.txt").write_text("the cat\nsat\n")
    monkeypatch.chdir(tmp_path)
    words = ["embed", "--input", "a b.txt", "--output", "out", "--model", str(tiny_path)]
    words += ["--max_seq_length", "8", "--features", "mean", "--overwrite"]
    assert cli.main(words) == 0
    command = facts.gather("out").command
    assert command.startswith(f"cd {tmp_path}\n")
    assert "--overwrite" not in command
    monkeypatch.setenv("PATH", f"{environment}/bin:/usr/bin:/bin")
    shell = ["sh", "-ec", command]
    done = subprocess.run(shell, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing left to do" in done.stdout

    run = json.loads((tmp_path / "out/run.json").read_text())
    (tmp_path / "out/run.json").write_text(json.dumps(run | {"command": ["rm", "-r", "x"]}))
    with pytest.raises(ValueError, match="`command` does not begin with beam-bert embed"):
        run_file.load_run("out")
