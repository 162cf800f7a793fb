"""A model for serving computes what a job computes, and so does `Query`."""

import dataclasses
import functools
import shutil
import types
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
from transforms.batching.token_sequences import TokenSequences
from transforms.bert import loading, module
from transforms.bert.module import BertModule
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint_folders import read_checkpoint
from transforms.documents import documents_batch
from transforms.elements.text_config import TextConfig
from transforms.embedding.embed import embed_sequences
from transforms.embedding.part_embeddings import take_sequences
from transforms.serving import exporting, measuring, query_settings, saved_query
from transforms.serving.exporting import ServingConfig
from transforms.serving.plain_query import SequenceTokenizer
from transforms.serving.query import Query
from transforms.tokenize import tokenize_part
from transforms.wordpiece.preprocessing import traced_inputs

TEXTS = [
    "the cat sat",
    "",
    "a dog",
    "on a mat, on a mat! on a mat on a mat" * 3,
    " ",
    "é猫 unables",
]
SECOND = ["a mat", "the cat", "", "a dog ran", "", "the dog on the mat, the dog on the mat"]
EMPTY = [1, 4]
TOLERANCE = 1e-5


@pytest.fixture(scope="module", autouse=True)
def _measured_once() -> object:
    """Measure the characters of a set of rules once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "measure", functools.cache(measuring.measure))
        yield


def settings_of(of: BertModule, config: TextConfig) -> ServingConfig:
    return ServingConfig(config.wordpieces(of), config.embedding(of))


def tokenized(of: BertModule, serving: ServingConfig) -> TokenSequences:
    """Return the tokens of TEXTS in a job."""
    nothing = [None] * len(TEXTS)
    documents = documents_batch(
        ids=TEXTS,
        positions=range(len(TEXTS)),
        text=TEXTS,
        text_b=SECOND,
        reasons=nothing,
        details=nothing,
    )
    graph = traced_inputs(serving.wordpieces, of.vocabulary)
    sequences, is_valid = take_sequences(tokenize_part(documents, graph, serving.wordpieces.texts))
    assert np.flatnonzero(~is_valid).tolist() == EMPTY
    return sequences


def of_job(of: BertModule, config: TextConfig) -> dict[str, list[np.ndarray]]:
    """Return the vectors of TEXTS that a job with these settings stores."""
    serving = settings_of(of, config)
    sequences = tokenized(of, serving)
    engine = loading.load(of, of.outputs(config.features), config.compute)
    embeddings = embed_sequences(sequences, engine, serving.embedding)
    vectors = {name: list(config.shaping.apply(x)) for name, x in embeddings.documents.items()}
    splits = sequences.offsets[1:-1]
    return vectors | {name: np.split(x, splits) for name, x in embeddings.tokens.items()}


def in_memory(of: BertModule, config: TextConfig, *columns: list[str]) -> dict[str, np.ndarray]:
    """Run the graph of a model that is not saved."""
    weights = exporting.weights_of(of, of.outputs(config.features))
    serve = exporting.build(of, settings_of(of, config), weights).trace()
    return {name: x.numpy() for name, x in serve(*map(tf.constant, columns)).items()}


class FilesInMemory:
    """The files of `Query` for a module."""

    def __init__(self, of: BertModule, serving: ServingConfig) -> None:
        self.vocabulary = lambda: of.vocabulary
        self.characters = lambda: measuring.measure(serving.wordpieces.rules)


def check_tokens(of: BertModule, config: TextConfig, *columns: list[str]) -> None:
    """Check that `Query` has the tokens of a job."""
    serving = settings_of(of, config)
    settings = types.SimpleNamespace(
        rules=serving.wordpieces.rules,
        prompt=serving.wordpieces.prompt,
        embedding=serving.embedding,
    )
    tokenizer = SequenceTokenizer(FilesInMemory(of, serving), settings)
    plain = tokenizer(tuple(np.delete(column, EMPTY).tolist() for column in columns))
    expected = tokenized(of, serving)
    for name in ("offsets", "input_ids", "segment_ids"):
        assert getattr(plain, name).tolist() == getattr(expected, name).tolist()


def served(folder: Path) -> Callable[..., dict[str, np.ndarray]]:
    model = tf.saved_model.load(str(folder))

    def serve(*columns: list[str]) -> dict[str, np.ndarray]:
        inputs = zip(("text", "text_b"), columns, strict=False)
        tensors = {name: tf.constant(column, tf.string) for name, column in inputs}
        outputs = model.signatures["serving_default"](**tensors)
        return {name: output.numpy() for name, output in outputs.items()}

    return serve


def check(outputs: dict[str, np.ndarray], expected: dict[str, list[np.ndarray]]) -> None:
    assert {*outputs} == {*expected, "num_tokens", "num_wordpieces", "num_unknown", "truncated"}
    assert not any(outputs[name][EMPTY].any() for name in outputs)
    for name, vectors in expected.items():
        for row, vector in zip(np.delete(outputs[name], EMPTY, axis=0), vectors, strict=True):
            # Behind the last token of a document is padding.
            np.testing.assert_allclose(row[: len(vector)], vector, atol=TOLERANCE)
            assert not row[len(vector) :].any()


def check_query(folder: Path, feature: str, vectors: list[np.ndarray]) -> Query:
    query = Query(folder, feature)
    computed = query(np.delete(TEXTS, EMPTY).tolist())
    np.testing.assert_allclose(computed, vectors, atol=TOLERANCE)
    assert computed.dtype == np.float32
    np.testing.assert_allclose(query([TEXTS[3]])[0], vectors[2], atol=TOLERANCE)
    return query


@pytest.fixture(scope="module")
def whole(
    tiny_module: BertModule, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, list[np.ndarray]]]:
    """A model with every feature and windows, and the vectors of a job."""
    folder = tmp_path_factory.mktemp("whole") / "1"
    features = ("pooled_output", *poolings.names(), "sequence_output", "layers:-1,-2")
    config = TextConfig(features, max_seq_length=16, window_stride=5)
    exporting.export(tiny_module, settings_of(tiny_module, config), folder)
    return folder, of_job(tiny_module, config)


@pytest.mark.slow
def test_every_feature_is_that_of_a_job(whole: tuple[Path, dict[str, list[np.ndarray]]]) -> None:
    folder, expected = whole
    serve = served(folder)
    outputs = serve(TEXTS)
    check(outputs, expected)
    assert outputs["truncated"].tolist() == [0] * 6
    assert outputs["num_tokens"].tolist() == [5, 0, 4, 42, 0, 7]
    query = check_query(folder, "pooled_output", expected["pooled_output"])
    assert query([]).shape == (0, 16)
    outputs = serve([])
    assert (outputs["mean"].shape, outputs["num_tokens"].shape) == ((0, 16), (0,))
    outputs = serve([b"the cat\xff", b"the cat", "\ufeffthe cat\ufffd".encode()])
    assert outputs["num_tokens"].tolist() == [0, 4, 4]
    assert np.abs(outputs["mean"]).max(axis=1).astype(bool).tolist() == [False, True, True]
    # TensorFlow runs the model where OpenVINO is not installed.
    settings = query_settings.read_settings(folder)
    (slow,) = saved_query.load(folder, settings, "max")((["the cat"],))
    np.testing.assert_allclose(Query(folder, "max")(["the cat"])[0], slow, atol=TOLERANCE)


@pytest.mark.slow
def test_pairs_have_two_inputs(tiny_module: BertModule) -> None:
    config = TextConfig(("cls", "mean"), text_b_field="b", max_seq_length=9, normalize=True)
    outputs = in_memory(tiny_module, config, TEXTS, SECOND)
    check(outputs, of_job(tiny_module, config))
    assert outputs["truncated"].tolist() == [0, 0, 0, 1, 0, 1]
    check_tokens(tiny_module, config, TEXTS, SECOND)


@pytest.fixture
def prompted(tmp_path: Path) -> BertModule:
    folder = tmp_path / "model"
    steps = [
        dense(2 * HIDDEN, 6),
        NORMALIZE,
        dense(6, 4, "ReLU"),
        dense(4, 4, "Sigmoid", bias=False),
    ]
    pooling = {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}
    write_sentence_model(folder, {**pooling, "include_prompt": False}, steps, prompts=PROMPTS)
    importing.write_module(read_checkpoint(folder), folder / "module")
    return module.inspect(folder / "module")


@pytest.mark.slow
def test_the_steps_of_sentence_follow_the_prompt_and_the_poolings(prompted: BertModule) -> None:
    config = TextConfig(("sentence",), max_seq_length=16, truncate_dim=3, normalize=True)
    outputs = in_memory(prompted, config, TEXTS)
    check(outputs, of_job(prompted, config))
    assert outputs["sentence"].shape == (6, 3)
    check_tokens(prompted, config, TEXTS)


@pytest.mark.slow
def test_a_module_that_cannot_be_rebuilt_runs_its_own_graph(tmp_path: Path) -> None:
    tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY)
    of = module.inspect(tmp_path / "tf2")
    config = TextConfig(("mean", "pooled_output"), max_seq_length=16, engine="tensorflow")
    exporting.export(of, settings_of(of, config), tmp_path / "1")
    expected = of_job(of, config)
    check(served(tmp_path / "1")(TEXTS), expected)
    assert query_settings.read_settings(tmp_path / "1").encoder is None
    query = check_query(tmp_path / "1", "mean", expected["mean"])
    with pytest.raises(ValueError, match="text 1 has no wordpieces: a job rejects it"):
        query(["the cat", " "])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda folder: Query(folder, "max")(["a", "\u200b"]),
            ValueError,
            "text 1 has no wordpiec",
        ),
        (lambda folder: Query(folder, "max")("the cat"), TypeError, "the texts are a list of str"),
        (lambda folder: Query(folder, "max")([b"a"]), TypeError, "the texts are a list of str"),
        (lambda folder: Query(folder, "max")({"a"}), TypeError, "the texts are a list of str"),
        (lambda folder: Query(folder, "max")(iter("a")), TypeError, "the texts are a list of str"),
        (lambda folder: Query(folder, "max")(["\ud800"]), ValueError, "text 0 cannot be encoded"),
        (lambda folder: Query(folder, "max")(["a"], ["b"]), ValueError, "leave out `second_texts`"),
        (lambda folder: Query(folder, "median"), ValueError, "`feature` is 'median': .* mean, cls"),
        (lambda folder: Query(folder), ValueError, "`feature` is missing: .* mean, cls"),
        (lambda folder: Query(folder.parent), ValueError, "has no assets.extra/.* export-serving"),
    ],
)
def test_what_cannot_be_embedded_is_named(
    whole: tuple[Path, object],
    call: Callable[[Path], object],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        call(whole[0])


@pytest.mark.slow
def test_changed_files_are_refused(whole: tuple[Path, object], tmp_path: Path) -> None:
    folder = tmp_path / "1"
    shutil.copytree(whole[0], folder)
    read = query_settings.read_settings(folder)
    graph = folder / query_settings.GRAPH
    content = graph.read_bytes()
    graph.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"saved_model\.pb is damaged: it is not the file"):
        saved_query.load(folder, read, "mean")
    graph.write_bytes(content)
    data = folder / query_settings.DATA
    content = data.read_bytes()
    data.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(
        ValueError, match="is damaged: it is not the file that export-serving wrote"
    ):
        Query(folder, "mean")
    with pytest.raises(ValueError, match="is damaged: it is not the file"):
        saved_query.load(folder, read, "mean")
    settings = folder / query_settings.SETTINGS
    settings.write_text(settings.read_text().replace('"vocab_size": 24', '"vocab_size": 25'))
    with pytest.raises(ValueError, match="its arrays are not those of its encoder"):
        Query(folder, "mean")


def test_a_folder_with_files_is_refused(tiny_module: BertModule, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = TextConfig(("mean",), max_seq_length=8)
    serving = settings_of(tiny_module, config)
    with pytest.raises(ValueError, match="exists and is not empty: choose another folder"):
        exporting.export(tiny_module, serving, tmp_path)
    unknown = dataclasses.replace(serving, transform=tmp_path / "missing")
    with pytest.raises(OSError, match="missing"):
        exporting.export(tiny_module, unknown, tmp_path / "1")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
