"""A model for serving computes what a job computes, and so does `Query`."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests import tf2_module
from tests.conftest import TINY_VOCABULARY
from tests.transforms.checkpoints.sentence_cases import PROMPTS
from tests.transforms.checkpoints.sentence_files import (
    HIDDEN,
    NORMALIZE,
    dense,
    write_sentence_model,
)
from transforms import poolings
from transforms.bert import loading, module
from transforms.bert.module import BertModule
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint_folders import read_checkpoint
from transforms.elements.embedder import Rejected, TextEmbedder
from transforms.elements.text_config import TextConfig
from transforms.embedding.loaded_model import LoadedModel
from transforms.features import name_of
from transforms.serving import exporting, measuring, query, query_settings, saved_query
from transforms.serving.exporting import ServingConfig
from transforms.serving.query import Query

TEXTS = [
    "the cat sat",
    "",
    "a dog",
    "on a mat, on a mat! on a mat on a mat" * 3,
    " ",
    "é猫 unables",
]
EMPTY = [1, 4]
TOLERANCE = 1e-5


@pytest.fixture(scope="module", autouse=True)
def _measured_once() -> object:
    """Measure the characters of a set of rules once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "measure", functools.cache(measuring.measure))
        yield


def exported(of: BertModule, config: TextConfig, folder: Path) -> dict[str, list[np.ndarray]]:
    """Export a model; return the vectors of TEXTS that a job with these settings stores."""
    exporting.export(of, ServingConfig(config.wordpieces(of), config.embedding(of)), folder)
    engine = loading.load(of, of.outputs(config.features), config.compute)
    embedder = TextEmbedder(config, of, LoadedModel(engine))
    elements = [{"text": text, "b": other} for text, other in zip(TEXTS, SECOND, strict=True)]
    results = embedder.embed(elements).vectors
    assert [n for n, result in enumerate(results) if isinstance(result, Rejected)] == EMPTY
    return {
        name: [result[name] for result in results if not isinstance(result, Rejected)]
        for name in map(name_of, config.features)
    }


SECOND = ["a mat", "the cat", "", "a dog ran", "", "the dog on the mat, the dog on the mat"]


def served(folder: Path, **more: list[str]) -> dict[str, np.ndarray]:
    model = tf.saved_model.load(str(folder))
    inputs = {name: tf.constant(column) for name, column in {"text": TEXTS, **more}.items()}
    outputs = model.signatures["serving_default"](**inputs)
    return {name: output.numpy() for name, output in outputs.items()}


def check(outputs: dict[str, np.ndarray], expected: dict[str, list[np.ndarray]]) -> None:
    assert {*outputs} == {*expected, "num_tokens", "num_wordpieces", "num_unknown", "truncated"}
    assert not any(outputs[name][EMPTY].any() for name in outputs)
    for name, vectors in expected.items():
        for row, vector in zip(np.delete(outputs[name], EMPTY, axis=0), vectors, strict=True):
            # Behind the last token of a document is padding.
            np.testing.assert_allclose(row[: len(vector)], vector, atol=TOLERANCE)
            assert not row[len(vector) :].any()


def check_query(folder: Path, feature: str, vectors: list[np.ndarray], *second: list[str]) -> None:
    columns = [[text for n, text in enumerate(c) if n not in EMPTY] for c in (TEXTS, *second)]
    computed = Query(folder, feature)(*columns)
    np.testing.assert_allclose(computed, vectors, atol=TOLERANCE)
    assert computed.dtype == np.float32
    np.testing.assert_allclose(
        Query(folder, feature)(*([c[2]] for c in columns))[0], vectors[2], atol=TOLERANCE
    )


@pytest.mark.slow
@pytest.mark.parametrize("stride", [0, 5])
def test_every_feature_is_that_of_a_job(
    tiny_module: BertModule, stride: int, tmp_path: Path
) -> None:
    features = ("pooled_output", *poolings.names(), "sequence_output", "layers:-1,-2")
    config = TextConfig(features, max_seq_length=16, window_stride=stride)
    expected = exported(tiny_module, config, tmp_path / "1")
    outputs = served(tmp_path / "1")
    check(outputs, expected)
    assert outputs["truncated"].tolist() == [0, 0, 0, 0 if stride else 1, 0, 0]
    assert outputs["num_tokens"].tolist() == [5, 0, 4, outputs["num_tokens"][3], 0, 7]
    for feature in ("pooled_output", "max"):
        check_query(tmp_path / "1", feature, expected[feature])


@pytest.mark.slow
def test_pairs_have_two_inputs(tiny_module: BertModule, tmp_path: Path) -> None:
    config = TextConfig(("cls", "mean"), text_b_field="b", max_seq_length=9, normalize=True)
    expected = exported(tiny_module, config, tmp_path / "1")
    check(served(tmp_path / "1", text_b=SECOND), expected)
    check_query(tmp_path / "1", "mean", expected["mean"], SECOND)
    with pytest.raises(ValueError, match="the job was over pairs: give `second_texts`"):
        Query(tmp_path / "1", "mean")(["the cat"])


@pytest.fixture
def prompted(tmp_path: Path) -> BertModule:
    folder = tmp_path / "model"
    steps = [dense(HIDDEN, 6), NORMALIZE, dense(6, 4, "ReLU"), dense(4, 4, "Sigmoid", bias=False)]
    pooling = {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}
    steps[0] = dense(2 * HIDDEN, 6)
    write_sentence_model(folder, {**pooling, "include_prompt": False}, steps, prompts=PROMPTS)
    importing.write_module(read_checkpoint(folder), folder / "module")
    return module.inspect(folder / "module")


@pytest.mark.slow
def test_the_steps_of_sentence_follow_the_prompt_and_the_poolings(
    prompted: BertModule, tmp_path: Path
) -> None:
    config = TextConfig(("sentence",), max_seq_length=16, truncate_dim=3, normalize=True)
    expected = exported(prompted, config, tmp_path / "1")
    check(served(tmp_path / "1"), expected)
    check_query(tmp_path / "1", "sentence", expected["sentence"])
    assert expected["sentence"][0].shape == (3,)


@pytest.mark.slow
def test_a_module_that_cannot_be_rebuilt_runs_its_own_graph(tmp_path: Path) -> None:
    tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY)
    of = module.inspect(tmp_path / "tf2")
    config = TextConfig(("mean", "pooled_output"), max_seq_length=16, engine="tensorflow")
    expected = exported(of, config, tmp_path / "1")
    check(served(tmp_path / "1"), expected)
    # TensorFlow runs the model where there is no encoder of ours.
    assert query_settings.read_settings(tmp_path / "1").encoder is None
    check_query(tmp_path / "1", "mean", expected["mean"])
    with pytest.raises(ValueError, match="text 1 has no wordpieces: a job rejects it"):
        Query(tmp_path / "1", "mean")(["the cat", " "])


@pytest.fixture(scope="module")
def small(tiny_module: BertModule, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "1"
    config = TextConfig(("mean",), max_seq_length=8)
    exporting.export(
        tiny_module,
        ServingConfig(config.wordpieces(tiny_module), config.embedding(tiny_module)),
        folder,
    )
    return folder


@pytest.mark.slow
def test_a_batch_may_be_empty_and_texts_that_are_not_utf8_are_not_served(small: Path) -> None:
    serve = tf.saved_model.load(str(small)).signatures["serving_default"]
    outputs = serve(text=tf.constant([], tf.string))
    assert (outputs["mean"].shape, outputs["num_tokens"].shape) == ((0, 16), (0,))
    outputs = serve(text=tf.constant([b"the cat\xff", b"the cat", "\ufeffthe cat\ufffd".encode()]))
    assert outputs["num_tokens"].numpy().tolist() == [0, 4, 4]
    assert np.abs(outputs["mean"].numpy()).max(axis=1).astype(bool).tolist() == [False, True, True]
    assert Query(small)([]).shape == (0, 16)


@pytest.mark.slow
def test_both_ways_to_embed_agree(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = Query(small)(["the cat", "a dog on the mat"])
    settings = query_settings.read_settings(small)
    monkeypatch.setattr(query, "_load", saved_query.load)
    slow = Query(small, "mean")(["the cat", "a dog on the mat"])
    np.testing.assert_allclose(fast, slow, atol=TOLERANCE)
    assert settings.encoder is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda folder: Query(folder)(["the cat", "\u200b"]),
            ValueError,
            "text 1 has no wordpieces",
        ),
        (lambda folder: Query(folder)("the cat"), TypeError, "the texts are a list of str"),
        (lambda folder: Query(folder)([b"the cat"]), TypeError, "the texts are a list of str"),
        (lambda folder: Query(folder)(["\ud800"]), ValueError, "text 0 cannot be encoded as UTF-8"),
        (lambda folder: Query(folder)(["a"], ["b"]), ValueError, "leave out `second_texts`"),
        (lambda folder: Query(folder, "max"), ValueError, "`feature` is 'max': .* are mean"),
        (lambda folder: Query(folder.parent), ValueError, "has no assets.extra/.* export-serving"),
    ],
)
def test_what_cannot_be_embedded_is_named(
    small: Path, call: Callable[[Path], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(small)


@pytest.mark.slow
def test_changed_weights_are_refused(small: Path) -> None:
    data = small / query_settings.DATA
    content = data.read_bytes()
    data.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(
        ValueError, match="is damaged: it is not the file that export-serving wrote"
    ):
        Query(small)
    data.write_bytes(content)
    assert Query(small)(["the cat"]).shape == (1, 16)


@pytest.mark.slow
def test_a_folder_with_files_is_refused(tiny_module: BertModule, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = TextConfig(("mean",), max_seq_length=8)
    serving = ServingConfig(config.wordpieces(tiny_module), config.embedding(tiny_module))
    with pytest.raises(ValueError, match="exists and is not empty: choose another folder"):
        exporting.export(tiny_module, serving, tmp_path)
    unknown = dataclasses.replace(serving, transform=tmp_path / "missing")
    with pytest.raises(OSError, match="missing"):
        exporting.export(tiny_module, unknown, tmp_path / "1")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
