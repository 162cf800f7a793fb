import contextlib
import gzip
import inspect
import io
import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, reader, status
from pipeline.commands import head
from tests import tf2_module
from tests.conftest import TINY_VOCABULARY, make_checkpoint
from tests.paths import ROOT
from tests.pipeline import corpus
from transforms.checkpoints import importing


def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, check=False, **settings
    )


@pytest.mark.slow
def test_the_program_runs_a_job_to_its_end(
    globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    flags = ["--id_field=id", "--keep_fields=k", "--part_bytes=1024", "--max_rejected=0.1"]
    command = ["embed", "--input", *globs, "--output", tmp_path / "out", "--model", tiny_path]
    command += [*flags, "--max_seq_length=8"]
    result = run(*command)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout.splitlines()[0].startswith("done in ")
    assert "244: 238 embedded, 6 rejected (1 bad_json, 2 empty, 1 missing_field" in result.stdout
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert cli.main(list(map(str, command))) == 0
    assert printed.getvalue().startswith("nothing left to do")


def test_help_needs_neither_beam_nor_tensorflow() -> None:
    program = """
import sys
from pipeline import cli, commands
for command in [[], *([name] for name in commands.all_commands())]:
    try:
        cli.main([*command, "--help"])
    except SystemExit as end:
        assert end.code == 0
heavy = {"apache_beam", "tensorflow", "pyarrow", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert re.search("inspect-model +print the signatures, sizes", result.stdout)
    assert "--max_seq_length" in result.stdout


def test_status_and_head_read_the_output_folder(
    finished: Path, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["status", str(finished)]) == 0
    out = capsys.readouterr().out
    assert "complete" in out
    assert "244 (238 embedded, 6 rejected)" in out
    quantiles = json.loads((finished / "run.json").read_text())["transform"]["length_quantiles"]
    assert quantiles == sorted(quantiles)
    assert f"half of the sample within {quantiles[9]} tokens, 95% within 8" in out

    assert cli.main(["head", str(finished), "-n", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pooled/"
    assert lines[1].endswith("lines.txt:0  (3 tokens)")
    assert lines[2].startswith("    pooled_output [16] = [")
    assert "    k = (none)" in lines
    assert any(line.startswith("    sequence_output [3, 16], first row = [") for line in lines)


def test_head_closes_the_records_that_it_leaves(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def opening(folder: str, family: str) -> Generator[dict[str, Any], None, None]:
        opened.append(iterate(folder, family))
        return opened[-1]

    iterate = reader.iterate_records
    monkeypatch.setattr(reader, "iterate_records", opening)
    assert list(head.head(str(finished), 1))
    assert len(opened) == 2
    assert all(inspect.getgeneratorstate(one) == inspect.GEN_CLOSED for one in opened)


def test_status_measures_a_running_job(finished: Path, tmp_path: Path) -> None:
    copy = tmp_path / "out"
    shutil.copytree(finished, copy)
    receipts = sorted((copy / "receipts").glob("lines-*"))
    receipts[-1].unlink()
    half = status.measure(str(copy))
    assert not half.complete
    assert half.parts == status.measure(str(finished)).parts - 1
    assert half.expected_parts is None
    assert "of an unknown number" in status.to_text(half)


@pytest.mark.slow
def test_tokenize_prints_json_lines(
    globs: list[str], tiny_path: Path, capsys: pytest.CaptureFixture
) -> None:
    _, _, rows = globs
    command = ["tokenize", "--model", tiny_path, "--input", rows, "--id_field", "id"]
    command += ["--max_seq_length", "8"]
    assert cli.main([str(word) for word in command]) == 0
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert len(lines) == 60
    assert corpus.sentence(1) == "dogs 猫"
    assert lines[1] == {
        "id": "1",
        "input_ids": [2, 11, 15, 20, 3],
        "tokens": ["[CLS]", "dog", "##s", "猫", "[SEP]"],
        "offsets": [[0, 0], [0, 3], [3, 4], [5, 8], [0, 0]],
    }
    rejected = [json.loads(line)["reason"] for line in captured.err.splitlines()]
    assert rejected == ["bad_json", "missing_field", "wrong_type"]


@pytest.mark.slow
def test_tokenize_reads_a_pipe_and_pairs(
    tiny_path: Path, capsysbinary: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = "The cats" + " sat" * 200
    lines = f'{document}\n\n"Un\u200bable" | the é\n'.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    command = ["tokenize", "--model", str(tiny_path), "--input", "-", "--pair_separator", "|"]
    assert cli.main(command) == 0
    captured = capsysbinary.readouterr()
    long, pair = (json.loads(line) for line in captured.out.splitlines())
    assert long["id"] == "-:0"
    assert long["segment_ids"] == [0] * len(long["input_ids"])
    assert long["tokens"] == ["[CLS]", "the", "cat", "##s", *["sat"] * 200, "[SEP]"]
    assert [document[start:end] for start, end in long["offsets"][1:4]] == ["The", "cat", "s"]
    assert pair["tokens"] == [
        *("[CLS]", "[UNK]", "un", "##able", "[UNK]", "[SEP]"),
        *("the", "e", "[SEP]"),
    ]
    assert pair["segment_ids"] == [0, 0, 0, 0, 0, 0, 1, 1, 1]
    slices = [lines.splitlines()[2][start:end].decode() for start, end in pair["offsets"]]
    assert slices == ["", '"', "Un", "able", '"', "", "the", "é", ""]
    assert json.loads(captured.err)["reason"] == "empty"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    command = ["tokenize", "--model", str(tiny_path), "--input", "-", "--input_format", "files"]
    assert cli.main(command) == 2
    assert "--input -: a pipe is not a file" in capsysbinary.readouterr().err.decode()

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"t": "\\u00e9 e"}\n')))
    command = [*command[:5], "--input_format", "jsonl", "--text_field", "t"]
    assert cli.main([*command, "--max_seq_length", "3"]) == 0
    (line,) = capsysbinary.readouterr().out.splitlines()
    assert json.loads(line)["input_ids"] == [2, TINY_VOCABULARY.index("e"), 3]


@pytest.mark.slow
def test_tokenize_rejects_what_embed_rejects(
    tiny_path: Path, capsysbinary: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["tokenize", "--model", str(tiny_path), "--input", "-", "--pair_separator", "|"]
    lines = "\u200b\n\u200b|the cat\nthe|\u200b\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert cli.main(command) == 0
    captured = capsysbinary.readouterr()
    (line,) = captured.out.splitlines()
    assert json.loads(line)["segment_ids"] == [0, 0, 0]
    rejected = [json.loads(line) for line in captured.err.splitlines()]
    assert [(row["position"], row["reason"]) for row in rejected] == [(0, "empty"), (4, "empty")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max_seq_length", "2"], "--max_seq_length is 2"),
        (["--max_seq_length", str(10**20)], "the model has 32 positions"),
        (["--id_field", "id"], "--id_field needs records with fields"),
        (["--input_format", "jsonl", "--pair_separator", "|"], "--pair_separator is for plain"),
        (["--pair_separator", "\udcff"], r"'\udcff' is not UTF-8: give text"),
    ],
)
def test_tokenize_exits_with_2_at_wrong_usage(
    arguments: list[str],
    message: str,
    tiny_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"the cat\n")))
    command = ["tokenize", "--model", str(tiny_path), "--input", "-", *arguments]
    assert cli.main(command) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


@pytest.mark.slow
def test_tokenize_prints_the_readable_part_of_a_damaged_file(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cut = tmp_path / "cut.txt.gz"
    lines = "".join(f"the cat {number**9}\n" for number in range(2000))
    cut.write_bytes(gzip.compress(lines.encode())[:9000])
    assert cli.main(["tokenize", "--model", str(tiny_path), "--input", str(cut)]) == 1
    captured = capsys.readouterr()
    assert captured.out.count("\n") > 100
    rejected, message = captured.err.splitlines()
    assert json.loads(rejected)["reason"] == "unreadable"
    assert message == f"beam-bert: damaged and read only in part: {cut}"


@pytest.mark.parametrize(
    ("closed", "status", "message"),
    [(">&-", 2, "the standard output is closed"), ("2>&-", 0, ""), ("<&-", 0, "")],
)
def test_closed_streams_are_reported_or_opened(closed: str, status: int, message: str) -> None:
    command = ["sh", "-c", f'"$0" -m pipeline --help {closed}', sys.executable]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == status
    assert message in result.stderr
    assert ("usage: beam-bert" in result.stdout) == (status == 0)


def test_a_closed_standard_input_is_reported(
    tiny_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(["tokenize", "--model", str(tiny_path), "--input", "-"]) == 2
    assert "--input -: the standard input is closed" in capsys.readouterr().err


def test_inspect_model_prints_text_or_json(tiny_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["inspect-model", str(tiny_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["layers"], facts["heads"], facts["hidden_size"]) == (2, 4, 16)
    assert facts["signatures"] == ["default", "tokenization_info", "tokens"]
    assert "default" not in facts["features"]
    assert {"pooled_output", "mean", "layers"} <= {*facts["features"]}
    assert (facts["encoder"]["activation"], facts["not_rebuilt"]) == ("gelu_erf", None)
    assert facts["engines"]["openvino"] == ["float32", "bfloat16"]
    assert cli.main(["inspect-model", str(tiny_path)]) == 0
    printed = capsys.readouterr().out
    assert f"fingerprint        {facts['fingerprint']}" in printed
    assert "rebuilt: gelu_erf, norms after the sums, epsilon 1e-12" in printed
    assert "tensorflow (float32, bfloat16, float16)" in printed


def test_inspect_model_says_why_an_encoder_is_not_rebuilt(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY)
    assert cli.main(["inspect-model", str(tmp_path / "tf2")]) == 0
    printed = capsys.readouterr().out
    assert "the module's graph is run: its variables are not recognised" in printed
    assert "engines            tensorflow (float32)" in printed


@pytest.mark.slow
def test_import_model_makes_a_module(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from transforms.checkpoints import minilm

    weights = minilm.weights_folder()
    destination = tmp_path / "module"
    assert cli.main(["import-model", str(weights), str(destination)]) == 0
    assert "activation     gelu_erf" in capsys.readouterr().out
    assert cli.main(["import-model", str(weights), str(destination)]) == 2
    assert "exists and is not empty" in capsys.readouterr().err


def other_vocabulary(folder: Path) -> None:
    importing.write_module(make_checkpoint(), folder)
    with open(folder / "assets/vocab.txt", "a") as file:
        file.write("extra\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "{in}/none*"], "--input {in}/none*: no file matches"),
        (["--output", "/dev/null/out"], "--output /dev/null/out: cannot be written"),
        (["--output", "{in}/lines.txt"], "is a file: name a folder"),
        (["--model", "{in}"], "is not the folder of a model: a TF Hub module has saved_model.pb"),
        (["--model", "{in}/none"], "there is no such folder or .tar.gz"),
        (["--model", "{other}"], "its vocabulary has 25 wordpieces, its variables have 24"),
        (["--model_sha256", "abc"], "--model_sha256 is abc"),
        (["--max_seq_length", "33"], "the model has 32 positions"),
        (["--feature", "cls"], "unknown flag --feature: did you mean --features?"),
        (["--id_field", "id"], "--id_field needs records with fields"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_or_two_lines(
    arguments: list[str],
    message: str,
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    corpus.write_corpus(tmp_path / "in")
    if "{other}" in arguments:
        other_vocabulary(tmp_path / "other")
    places = {"in": tmp_path / "in", "other": tmp_path / "other"}
    defaults = ["--input", "{in}/lines.txt", "--output", "out", "--model", str(tiny_path)]
    words = [*defaults, "--max_seq_length", "8", *arguments]
    arguments = [word.format(**places) for word in words]
    assert cli.main(["embed", *arguments]) == 2
    error = capsys.readouterr().err
    assert message.format(**places) in error
    assert len(error.strip().splitlines()) <= 2
    assert "Traceback" not in error
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["embed", "--input", "a"], "the following arguments are required: --output"),
        (["embed", "--max_seq_length", "x"], "argument --max_seq_length: invalid int value: 'x'"),
        (["import-model", "a", "b", "--gelu", "relu"], "argument --gelu: invalid choice: 'relu'"),
        (["head"], "the following arguments are required: DIR"),
    ],
)
def test_parse_errors_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert line.endswith("--help lists the flags")


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["frobnicate"]) == 2
    assert (
        "there is no command 'frobnicate'; there are embed, plan, status" in capsys.readouterr().err
    )
    assert cli.main(["status", "/nowhere"]) == 2
    assert "/nowhere has no run.json" in capsys.readouterr().err


@pytest.mark.slow
def test_a_full_disk_ends_in_two_lines_and_the_job_continues_later(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "small.txt").write_text("the cat sat\n")
    (tmp_path / "large.txt").write_text("the cat sat on a mat\n" * 5000)
    command = ["embed", "--model", tiny_path, "--max_seq_length=8", "--output", tmp_path / "out"]
    command += ["--features=pooled_output,sequence_output"]
    command += ["--part_bytes=50000", "--input"]
    command += [tmp_path / "small.txt", tmp_path / "large.txt"]

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    broken = run(*command, preexec_fn=no_large_files)
    assert broken.returncode == 1
    assert "the job failed: [Errno 27] File too large" in broken.stderr
    assert len(broken.stderr.strip().splitlines()) == 2
    receipts = list((tmp_path / "out/receipts").iterdir())
    assert cli.main(list(map(str, command))) == 0
    printed = capsys.readouterr().out
    assert "5,001: 5,001 embedded" in printed
    assert f"continued; {len(receipts)} parts were done before" in printed
