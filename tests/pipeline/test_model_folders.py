"""A folder of a checkpoint, given to `--model` as it is."""

import contextlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import cli
from pipeline.runners import local
from tests.pipeline import corpus
from tests.transforms.checkpoints.checkpoint_files import write_google, write_hugging_face
from transforms.checkpoints import checkpoint_folders
from transforms.checkpoints.checkpoint import Checkpoint


@pytest.fixture
def folder(tmp_path: Path, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hugging Face folder; nothing is in the cache."""
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    folder = write_hugging_face(tmp_path / "my-bert", tiny_checkpoint)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    return folder


@pytest.mark.slow
def test_a_checkpoint_is_a_model_of_every_command(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    globs = corpus.write_corpus(tmp_path / "in")
    assert cli.main(["inspect-model", str(folder), "--json"]) == 0
    printed = capfd.readouterr()
    place = f"importing {folder}, once, into {tmp_path / 'cache'}/checkpoint-"
    assert [place in line for line in printed.err.splitlines() if "import" in line] == [True]
    fingerprint = json.loads(printed.out)["fingerprint"]

    monkeypatch.setattr(checkpoint_folders, "read_checkpoint", None)
    of_model = ["--model", str(folder), "--model_sha256", fingerprint]
    assert cli.main(["tokenize", "--input", str(tmp_path / "in/lines.txt"), *of_model]) == 0
    out = str(tmp_path / "out")
    words = ["embed", "--input", globs[0], "--output", out, "--features", "mean", *of_model]
    words += ["--max_seq_length", "8", "--engine", "tensorflow", "--max_rejected", "0.1"]
    assert cli.main(words) == 0
    assert "importing" not in capfd.readouterr().err
    assert cli.main(words) == 0
    run = json.loads((tmp_path / "out/run.json").read_text())
    assert (run["model"]["handle"], run["model"]["fingerprint"]) == (str(folder), fingerprint)
    assert cli.main(["verify", out, "--sample", "2"]) == 0


def test_what_a_folder_does_not_state_names_the_import(
    folder: Path, tmp_path: Path, tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture
) -> None:
    mine = write_google(folder.with_name("mine"), tiny_checkpoint)
    words = ["--input", "README.md", "--output", str(tmp_path / "out"), "--model", str(mine)]
    for command in (["inspect-model", str(mine)], ["tokenize", *words[:2], *words[4:]]):
        assert cli.main(command) == 2
        error = capsys.readouterr().err
        assert "give --do_lower_case true or false to import-model, and name the module" in error
        assert 1 <= len(error.splitlines()) <= 3


def test_a_cache_that_cannot_be_written_is_named(
    folder: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(folder / "vocab.txt"))
    assert cli.main(["inspect-model", str(folder)]) == 2
    assert f"{folder}/vocab.txt): set BEAM_BERT_CACHE to a folder" in capsys.readouterr().err


def test_a_cache_that_cannot_be_made_is_named_by_every_command(
    finished: Path, tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = str(tmp_path / "tiny.tar.gz")
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(tiny_path, arcname=".")
    (tmp_path / "a.txt").write_text("the cat")
    (tmp_path / "pairs.tsv").write_text("the cat\ta dog\t1\na mat\ta dog\t2\n")
    monkeypatch.setenv("BEAM_BERT_CACHE", "/proc/x")
    monkeypatch.chdir(tmp_path)
    job, corpus_words = str(finished), ["--input", "a.txt", "--model", packed]
    for words in (
        ["embed", *corpus_words, "--output", "new"],
        ["plan", *corpus_words, "--output", "new"],
        ["tokenize", *corpus_words],
        ["inspect-model", packed],
        ["search", job, "the cat"],
        ["evaluate", job, "--pairs", "pairs.tsv"],
        ["verify", job, "--sample", "2", "--model", packed],
        ["export-serving", job, "serving", "--model", packed],
    ):
        stream = io.StringIO()
        with contextlib.redirect_stderr(stream):
            assert cli.main(words) == 2, words
        assert stream.getvalue().splitlines()[-1] == (
            "beam-bert: nothing can be written to the cache (No such file or directory: /proc/x): "
            "set BEAM_BERT_CACHE to a folder that can be written"
        )
    assert {path.name for path in tmp_path.iterdir()} == {"tiny.tar.gz", "a.txt", "pairs.tsv"}


def test_workers_elsewhere_get_the_path_that_the_user_gave(tmp_path: Path) -> None:
    """They import it again; those on this machine use the module in the cache."""
    elsewhere = PipelineOptions(["--runner=FlinkRunner"])
    assert local.model_for_workers(elsewhere, "a/bert", tmp_path) == str(Path("a/bert").absolute())
    assert local.model_for_workers(elsewhere, "gs://a/bert", tmp_path) == "gs://a/bert"
    assert local.model_for_workers(elsewhere, "minilm", tmp_path) == "minilm"
    assert local.model_for_workers(PipelineOptions([]), "a/bert", tmp_path) == str(tmp_path)
