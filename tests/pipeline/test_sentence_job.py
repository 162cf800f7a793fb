"""Jobs with `sentence`, whose vectors have a width of their own."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from beam_bert import embed, load_embeddings
from pipeline import cli, graphs
from pipeline.model import notes_on
from tests.pipeline import corpus
from tests.transforms.checkpoints.sentence_cases import PROMPTS
from tests.transforms.checkpoints.sentence_files import (
    HIDDEN,
    NORMALIZE,
    dense,
    write_sentence_model,
)
from transforms.batching.windows import WindowConfig
from transforms.bert import module as modules
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint_folders import read_checkpoint

LINES = [f"the {'cat ' * (n % 5)}sat on {'a mat' if n % 3 else 'dogs'}." for n in range(30)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sentence") / "model"
    steps = [dense(HIDDEN, 6), NORMALIZE]
    write_sentence_model(folder, {"pooling_mode": "max"}, steps)
    importing.write_module(read_checkpoint(folder), folder / "module")
    return folder / "module"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("".join(f"{line}\n" for line in LINES))
    (tmp_path / "b.txt").write_text("".join(f"{line}\n" for line in LINES[:9]))
    return tmp_path


@pytest.mark.slow
def test_a_job_stores_and_verifies_vectors_of_two_widths(
    texts: Path, model: Path, capfd: pytest.CaptureFixture
) -> None:
    settings = {
        "input": [str(texts / "*.txt")],
        "model": str(model),
        "features": "max,sentence,mean",
        "dedup": "corpus",
        "max_seq_length": 16,
    }
    out = str(texts / "out")
    embed(output=out, **settings)
    notes = [line for line in capfd.readouterr().err.splitlines() if "--features" in line]
    assert notes == [
        "beam-bert: --features mean: the model was trained with max; --features sentence computes "
        "its own vectors"
    ]
    run = json.loads((texts / "out/run.json").read_text())
    assert run["model"]["widths"] == {"sentence": 6}
    loaded = {name: load_embeddings(out, name).vectors for name in ("max", "sentence", "mean")}
    assert {name: x.shape for name, x in loaded.items()} == {
        "max": (39, HIDDEN),
        "sentence": (39, 6),
        "mean": (39, HIDDEN),
    }
    np.testing.assert_allclose(np.linalg.norm(loaded["sentence"], axis=1), 1, rtol=1e-6)
    assert cli.main(["verify", out, "--sample", "5"]) == 0
    settings |= {"output_format": "parquet", "truncate_dim": 6}
    short = embed(output=str(texts / "short"), **settings).folder
    assert load_embeddings(short, "mean").vectors.tolist() == loaded["mean"][:, :6].tolist()


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prompted") / "model"
    write_sentence_model(folder, {"pooling_mode": "mean"}, prompts=PROMPTS)
    importing.write_module(read_checkpoint(folder), folder / "module")
    return folder / "module"


def test_a_default_prompt_is_announced_and_can_be_left_out(prompted: Path, tmp_path: Path) -> None:
    module = modules.inspect(prompted)
    config = corpus.config(["a.txt"], tmp_path, prompted, features=("sentence",))
    config = dataclasses.replace(config, windows=WindowConfig(16))
    (note,) = notes_on(config, module)
    assert note == (
        "each document is read after the model's default prompt, 'the dog: ': --prompt '' leaves "
        "it out"
    )
    without = dataclasses.replace(config, prompt="")
    assert not notes_on(without, module)
    assert without.identity()["--prompt"] == ""
    assert "--prompt" not in config.identity()
    texts = [
        graphs.wordpiece_config(each, module).prompt
        for each in (
            config,
            without,
            dataclasses.replace(config, prompt="query"),
            dataclasses.replace(config, prompt="a cat: "),
            dataclasses.replace(config, features=("mean",)),
        )
    ]
    assert texts == ["the dog: ", "", "the dog: ", "a cat: ", ""]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--window_stride 4", "--prompt is for documents without --window_stride: leave it out"),
        ("--prompt query --text_b_field b", "--prompt is for documents of one text"),
        ("--max_seq_length 5", "--prompt takes 5 of the 5 tokens of --max_seq_length"),
    ],
)
def test_a_prompt_that_cannot_be_read_is_refused(
    flags: str, message: str, tmp_path: Path, prompted: Path, capfd: pytest.CaptureFixture
) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "the cat", "b": "sat"}\n')
    words = ["embed", "--input", str(tmp_path / "a.jsonl"), "--output", str(tmp_path / "out")]
    words += ["--model", str(prompted), "--features", "sentence", "--max_seq_length", "16"]
    assert cli.main([*words, *flags.split()]) == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_tokenize_shows_the_prompt(
    tmp_path: Path, prompted: Path, capfdbinary: pytest.CaptureFixture
) -> None:
    (tmp_path / "a.txt").write_text("a cat\n\n")
    words = ["tokenize", "--input", str(tmp_path / "a.txt"), "--model", str(prompted)]
    assert cli.main([*words, "--prompt", "query"]) == 0
    shown = json.loads(capfdbinary.readouterr().out)
    assert shown["tokens"] == ["[CLS]", "the", "dog", "[UNK]", "a", "cat", "[SEP]"]
    assert shown["offsets"] == [*[[0, 0]] * 4, [0, 1], [2, 5], [0, 0]]


@pytest.mark.slow
def test_what_does_not_fit_the_vectors_is_refused(
    texts: Path, model: Path, tiny_path: Path, capfd: pytest.CaptureFixture
) -> None:
    words = ["embed", "--input", str(texts / "a.txt"), "--output", str(texts / "out")]
    words += ["--max_seq_length", "16"]
    of_sentence = [*words, "--features", "sentence", "--model"]
    assert cli.main([*of_sentence, str(model), "--truncate_dim", "7"]) == 2
    assert "--truncate_dim is 7, and the model's vectors have 6 numbers" in capfd.readouterr().err
    assert cli.main([*of_sentence, str(tiny_path)]) == 2
    error = capfd.readouterr().err
    assert "it has no `sentence`: the module does not say how it was trained" in error
    assert not (texts / "out").exists()


def test_a_longest_input_of_its_own_is_named(model: Path, tmp_path: Path) -> None:
    inspected = modules.inspect(model)
    config = corpus.config(["a.txt"], tmp_path, model, features=("sentence",))
    (note,) = notes_on(config, inspected)
    assert note.startswith("--max_seq_length is 8, and sentence-transformers cuts")
    assert not notes_on(dataclasses.replace(config, windows=WindowConfig(16)), inspected)


@pytest.mark.slow
def test_inspect_model_describes_sentence(
    tmp_path: Path, model: Path, tiny_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["inspect-model", str(model)]) == 0
    out = capsys.readouterr().out
    assert "sentence           max, then dense to 6 (tanh), then normalize\n" in out
    assert "max_seq_length     16\n" in out
    folder = write_sentence_model(tmp_path / "model", {}, prompts=PROMPTS)
    assert cli.main(["import-model", str(folder), str(tmp_path / "module")]) == 0
    assert "prompt query       'the dog: ', the default\n" in capsys.readouterr().out
    assert cli.main(["inspect-model", str(tiny_path)]) == 0
    assert "sentence           none: the module does not say" in capsys.readouterr().out
    assert cli.main(["inspect-model", str(model), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sentence"]["poolings"] == ["max"]
