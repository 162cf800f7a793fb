"""What flags or paths alone decide is said before Beam and TensorFlow are imported."""

import dataclasses
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import StandardOptions

from pipeline.commands import all_commands
from pipeline.errors import UsageError
from pipeline.options import beam_flags, beam_names, conversion
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import folder_checks, run_file
from pipeline.output.run_file import Run
from pipeline.preflight import local_paths
from transforms.bert.engines.openvino import OpenvinoKind

EMBED = "--input a.txt --output out"
# By command: lines of wrong usage, and what the message has.
WRONG = {
    "embed": [
        ("", "required: --input, --output"),
        ("--input a.txt --output out --bad", "unknown flag --bad"),
        (f"{EMBED} --feature mean", "unknown flag --feature: did you mean --features?"),
        (f"{EMBED} stray", "unexpected argument 'stray'"),
        (f"{EMBED} --features nope", "--features has 'nope'"),
        (f"{EMBED} --max_seq_length 0", "--max_seq_length is 0"),
        (f"{EMBED} --part_bytes many", "--part_bytes: invalid"),
        (f"{EMBED} --window_stride 500", "--window_stride is 500"),
        (f"{EMBED} --engine nope", "--engine is 'nope'"),
        (f"{EMBED} --runner Nope", "there is no --runner Nope"),
        (f"{EMBED} --features sequence_output --normalize", "--normalize"),
        (f"{EMBED} --config none.yaml", "--config none.yaml: cannot be read"),
        ("--input none.txt --output out", "--input none.txt: no file matches"),
        ("--input none/*.txt --output out", "--input none/*.txt: no file matches"),
        ("--input none/**/a --output out", "--input none/**/a: no file matches"),
        ("--input *.jsonl --output out", "--input *.jsonl: no file matches"),
        ("--input empty --output out", "--input empty: no file matches"),
        ("--input pipe --output out", "--input pipe: no file matches; it is a FIFO"),
        ("--input foo://x --output out", "there is no file system for foo://"),
        ("--input bq://x --output out", "--input bq://x: name a table"),
        ("--input a.txt --output foo://x", "--output foo://x: there is no file system for foo://"),
        ("--input a.txt --output file:///x", "name the path itself"),
        ("--input a.txt --output a.txt", "--output a.txt: it is a file"),
        ("--input a.txt --output other", "--output other contains 'b.txt'"),
        ("--input a.txt --output a.txt/out", "--output a.txt/out: cannot be written"),
        ("--input a.txt --output earlier --dtype float16", "--dtype float32 there, float16 now"),
        (f"{EMBED} --model none", "--model none: there is no such folder"),
        (f"{EMBED} --model other", "--model other is not the folder of a model"),
        (f"{EMBED} --metrics_file none/x.prom", "none; make it first"),
        (f"{EMBED} --metrics_file a.txt", "--metrics_file a.txt: is not a file of metrics"),
    ],
    "plan": [
        ("--input a.txt", "required: --output"),
        ("--input none.txt --output out", "--input none.txt: no file matches"),
        (f"{EMBED} --model none", "--model none: there is no such folder"),
        (f"{EMBED} --machine_price 1", "--machine_price"),
        ("--input a.txt --output earlier --dtype float16", "--dtype float32 there, float16 now"),
        (f"{EMBED} --bad", "unknown flag --bad"),
    ],
    "tokenize": [
        ("--input none.txt", "--input none.txt: no file matches"),
        ("--input a.txt --model none", "--model none: there is no such folder"),
        ("--input a.txt --input_format nope", "--input_format is 'nope'"),
        ("--input a.txt --bad", "unknown flag --bad"),
    ],
    "status": [("none", "none has no run.json"), ("none --bad", "unknown flag --bad")],
    "head": [("other", "other has no manifest.json"), ("none -n 0", "-n is 0")],
    "verify": [("none", "none has no run.json"), ("none --sample x", "--sample: invalid")],
    "clean": [("none", "none has no run.json"), ("other --keep 0", "--keep is 0")],
    "report": [("other", "other has no run.json"), ("none --bad", "unknown flag --bad")],
    "search": [
        ("none cat", "none has no run.json"),
        ("other", "give either texts after the folder, or a file of them with --queries"),
        ("other cat -k 0", "-k is 0"),
        ("other --queries none.txt", "none.txt"),
        ("cat --bad", "unknown flag --bad"),
    ],
    "evaluate": [
        ("other", "give --queries and --qrels, or --pairs alone"),
        ("other --queries a.txt", "give --queries and --qrels, or --pairs alone"),
        ("other --queries a.txt --qrels a.txt", "a.txt, line 1: it has 1 fields"),
        ("other --queries a.txt --qrels a.txt --at 0", "--at is '0'"),
        ("other --pairs none.tsv", "none.tsv"),
        ("other --pairs a.txt", "a.txt, line 1: it has 1 fields"),
    ],
    "export-serving": [("none new", "none has no run.json"), ("none", "required: DEST")],
    "load": [
        ("none --to postgresql://h/d?table=t", "none has no run.json"),
        ("none --to postgresql://me:hush@h/d", "--to postgresql://REDACTED@h/d: it names no table"),
        ("none --to postgres:", "it has no place, as in postgresql://"),
        ("none --to postgressql://h/d?table=t", "did you mean postgresql?"),
        ("none", "required: --to"),
    ],
    "import-model": [("none new", "none is not a folder"), ("other new", "other is not the")],
    "inspect-model": [("none", "--model none: there is no such folder"), ("a.txt", "--model a")],
}
PROGRAM = """
import contextlib, io, json, sys

HEAVY = {"apache_beam", "openvino", "pandas", "requests", "tensorflow"}
from pipeline import cli
for line in json.load(sys.stdin):
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        try:
            status = cli.main(line.split())
        except SystemExit as end:
            status = end.code
    print(json.dumps([status, text.getvalue(), sorted(HEAVY & set(sys.modules))]))
"""


def write_run(folder: str, **settings: str) -> EmbedConfig:
    """Write the run.json of a job, and return the configuration."""
    given = {"input": ["a.txt"], "output": folder, **settings}
    config = conversion.embed_config(conversion.settings_of(given))
    run = Run(config.identity(), "0" * 64, command=("beam-bert", "embed"))
    os.makedirs(folder, exist_ok=True)
    run_file.write_run(folder, run, config)
    return config


def test_every_command_has_wrong_usages() -> None:
    assert set(WRONG) == set(all_commands())


@pytest.mark.slow
def test_wrong_usage_is_reported_without_beam_and_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/b.txt").write_text("the cat\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    write_run("earlier")
    monkeypatch.setenv("PYTHONPATH", str(Path(beam_names.__file__).parents[2]))
    os.mkfifo("pipe")
    cases = [
        (f"{command} {flags}".strip(), message)
        for command, rows in WRONG.items()
        for flags, message in rows
    ]
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([line for line, _ in cases]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answers = [json.loads(line) for line in io.StringIO(result.stdout)]
    assert len(answers) == len(cases)
    for (line, message), (status, error, heavy) in zip(cases, answers, strict=True):
        assert (status, heavy) == (2, []), (line, error)
        assert message in error, (line, error)
        assert 1 <= len(error.splitlines()) <= 2, (line, error)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("a.txt", "earlier", "empty", "other", "out", "pipe")
    ]
    assert not list((tmp_path / "out").iterdir())


def test_an_engine_that_is_not_installed_is_refused_for_a_new_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "a.txt", tmp_path / "out"
    source.write_text("the cat\n")
    given = {"input": [str(source)], "output": str(output), "engine": "openvino"}
    config = conversion.embed_config(conversion.settings_of(given))
    monkeypatch.setattr(OpenvinoKind, "is_installed", lambda _: False)
    with pytest.raises(UsageError, match="openvino: it is not installed; pip install "):
        local_paths.check_job(config, None)
    output.mkdir()
    local_paths.check_job(config, None)


def test_what_only_the_corpus_decides_is_not_compared_with_the_job_of_a_folder(
    tmp_path: Path,
) -> None:
    folder = str(tmp_path / "out")
    write_run(folder, keep_fields="k:int64", precision="bfloat16", engine="openvino")
    given = {"input": ["a.txt"], "output": folder, "keep_fields": "k", "engine": "openvino"}
    config = conversion.embed_config(conversion.settings_of({**given, "precision": "auto"}))
    folder_checks.check_place(config)
    folder_checks.check_place(dataclasses.replace(config, dtype="float16", overwrite=True))
    with pytest.raises(UsageError, match=r"--dtype float32 there, float16 now\.\nGive"):
        folder_checks.check_place(dataclasses.replace(config, dtype="float16"))
    write_run(folder, keep_fields="l", precision="float32", engine="openvino")
    with pytest.raises(UsageError, match="--keep_fields l there, k now"):
        folder_checks.check_place(config)


def test_the_source_of_beam_has_all_its_flags_and_runners() -> None:
    # Beam registers this one when its YAML is imported, as other tests of the process do.
    known = beam_flags.known_flags() - {"--yaml_experimental_features"}
    assert known <= beam_names._flags()
    assert beam_names._runners() == StandardOptions.KNOWN_RUNNER_NAMES


@pytest.mark.parametrize(
    "runner", ["", "DirectRunner", "flinkrunner", "Spark", "a.b.C", "PrismRunner"]
)
def test_runners_that_beam_takes_pass(runner: str) -> None:
    beam_names.check_words([f"--runner={runner}"])
    beam_names.check_words(["--streaming", "--runner", runner])


def test_the_last_runner_counts() -> None:
    beam_names.check_words(["--runner=Nope", "--runner=DirectRunner"])
    with pytest.raises(UsageError, match="did you mean FlinkRunner"):
        beam_names.check_words(["--runner", "DirectRunner", "--runner", "FlinkRuner"])
