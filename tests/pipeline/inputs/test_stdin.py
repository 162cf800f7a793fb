import bz2
import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from pipeline import cli, reader
from tests.pipeline import corpus
from tests.pipeline.verify.damaging import check

ROWS = [json.dumps({"id": n, "text": corpus.sentence(n)}) for n in range(40)]
LINES = "".join(f"{row}\n" for row in ROWS).encode()


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.slow
def test_the_same_pipe_again_continues_and_another_is_refused(
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    out = tmp_path / "out"
    flags = ["--input", "-", "--output", str(out), "--model", str(tiny_path), "--id_field", "id"]
    flags += ["--max_seq_length", "16", "--features", "mean", "--part_bytes", "1024"]
    pipe(monkeypatch, LINES)
    assert cli.main(["plan", *flags]) == 0
    assert not out.exists()
    assert "documents   40" in capsys.readouterr().out
    pipe(monkeypatch, LINES)
    assert cli.main(["embed", *flags]) == 0
    assert reader.load_embeddings(str(out)).ids == [str(n) for n in range(40)]
    assert (out / "stdin").read_bytes() == LINES
    plan = json.loads((out / "plan.jsonl").read_text().splitlines()[0])
    assert (plan["source"], plan["format"]) == ("-", "jsonl")
    assert check(out, sample=5).faults == ()

    next(iter((out / "receipts").iterdir())).unlink()
    (out / "manifest.json").unlink()
    pipe(monkeypatch, LINES)
    assert cli.main(["embed", *flags]) == 0
    pipe(monkeypatch, LINES)
    assert cli.main(["embed", *flags]) == 0
    assert "nothing left to do" in capsys.readouterr().out
    pipe(monkeypatch, LINES + b'{"id": "x", "text": "the cat"}\n')
    assert cli.main(["embed", *flags]) == 2
    assert "belongs to another job: - has changed" in capsys.readouterr().err
    pipe(monkeypatch, LINES[: len(LINES) // 2])
    assert cli.main(["embed", *flags, "--overwrite", "--max_rejected=0.1"]) == 0
    assert (out / "stdin").read_bytes() == LINES[: len(LINES) // 2]


@pytest.mark.slow
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, zstd.compress])
def test_tokenize_finds_out_what_comes_through_a_pipe_as_embed_does(
    pack: Callable[[bytes], bytes],
    tiny_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    command = ["tokenize", "--model", str(tiny_path), "--input", "-", "--id_field", "id"]
    table = "id,text\n" + "".join(f'{n},"{corpus.sentence(n)}"\n' for n in range(40))
    for content in (LINES, table.encode()):
        pipe(monkeypatch, pack(content))
        assert cli.main(command) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["id"] for line in lines] == [str(n) for n in range(40)]


def test_an_empty_or_closed_pipe_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    pipe(monkeypatch, b"")
    command = ["embed", "--input", "-", "--output", str(tmp_path / "out")]
    assert cli.main(command) == 2
    assert "--input -: every file is empty" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(command) == 2
    assert "--input -: the standard input is closed" in capsys.readouterr().err
    assert cli.main([*command, "--input_format", "files"]) == 2


def test_tokenize_tells_an_empty_pipe_and_fields_that_are_not_there(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    command = ["tokenize", "--model", str(tiny_path), "--input", "-"]
    pipe(monkeypatch, b"")
    assert cli.main(command) == 2
    assert "--input -: every file is empty" in capsys.readouterr().err
    pipe(monkeypatch, LINES)
    assert cli.main([*command, "--text_field", "txet"]) == 2
    assert "field 'txet': did you mean 'text'?" in capsys.readouterr().err
