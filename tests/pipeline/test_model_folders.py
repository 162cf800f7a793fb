"""A folder of a checkpoint, given to `--model` as it is."""

import json
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


def test_workers_elsewhere_get_the_path_that_the_user_gave(tmp_path: Path) -> None:
    """They import it again; those on this machine use the module in the cache."""
    elsewhere = PipelineOptions(["--runner=FlinkRunner"])
    assert local.model_for_workers(elsewhere, "a/bert", tmp_path) == str(Path("a/bert").absolute())
    assert local.model_for_workers(elsewhere, "gs://a/bert", tmp_path) == "gs://a/bert"
    assert local.model_for_workers(elsewhere, "minilm", tmp_path) == "minilm"
    assert local.model_for_workers(PipelineOptions([]), "a/bert", tmp_path) == str(tmp_path)
