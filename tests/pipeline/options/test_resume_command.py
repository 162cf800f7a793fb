"""The command in run.json and in the report continues the job."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import cli
from pipeline.commands import all_commands
from pipeline.options import beam_flags, conversion, embed_config, resume_command
from pipeline.output import run_file
from pipeline.report import facts

LINES = [
    "--input a.txt b.txt --output out",
    "--input 'a b/*.jsonl' --output out/ --features mean,cls --keep_fields k,n:int64 --normalize",
    "--input - --output out --pair_separator '|||' --model_sha256 ab --max_rejected 1",
    "--input a --output o --features layers:-1,-2 --window_stride 4 --keep_tokens --dtype float16",
    "--input a --output o --features mean --dedup corpus --part_bytes 7777 --tokens_per_batch 99",
    "--input a --output o --engine tensorflow --xla_buckets 3 --precision bfloat16 --min_cosine=-1",
    "--input a --output o '--pair_separator=-|' --text_field=-x --max_unknown 0.5",
    "--input a --output o --engine tensorflow --max_output_gb 9 --part_bytes 262144",
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


def test_defaults_and_overwrite_are_left_out_but_not_what_depends_on_the_machine() -> None:
    command = resume_command.command_of(config_of(shlex.split("--input a --output o --overwrite")))
    of_machine = ["--engine", "--xla_buckets", "--tokens_per_batch"]
    assert command[2::2] == ["--input", "--output", *of_machine]
    assert command[3:7:2] == ["a", "o"]


def test_flags_of_beam_are_included_without_secrets() -> None:
    arguments = ["--runner=FlinkRunner", "--flink_master=h:1", "--experiments=a", "--experiments=b"]
    arguments += ["--streaming", "--direct_num_workers=2"]
    secret = ["--s3_access_key_id=key", "--s3_secret_access_key=hidden", "--s3_session_token=t"]
    config = config_of(shlex.split("--input a --output o"))
    command = resume_command.command_of(config, beam_flags.beam_options([*arguments, *secret]))
    assert sorted(command[-6:]) == sorted(arguments)
    assert not {"key", "hidden", "t"} & {word.partition("=")[2] for word in command}
    parsed = PipelineOptions(command[-6:]).get_all_options(drop_default=True)
    assert parsed == PipelineOptions(arguments).get_all_options(drop_default=True)


@pytest.mark.slow
@pytest.mark.usefixtures("fixed_sample")
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
