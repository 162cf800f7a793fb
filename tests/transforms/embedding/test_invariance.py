"""A document has the same bits in every batch, if batches have windows of one group of lengths."""

import platform
from collections.abc import Callable

import numpy as np
import pytest

from tests.conftest import TINY_VOCABULARY, make_checkpoint
from tests.lower_precision import skip_without_bfloat16
from tests.transforms.parts import EchoEngine
from transforms import poolings
from transforms.batching.batches import BatchingConfig
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import WindowConfig
from transforms.bert.engines import Engine, EngineSpec, find
from transforms.bert.output_spec import Encoded
from transforms.bert.sentence_head import SentenceHead
from transforms.bert.sentence_settings import SentenceSettings, SentenceStep
from transforms.bert.weights import Weights
from transforms.embedding.embed import EmbeddingConfig, embed_sequences
from transforms.embedding.invariance import is_invariant
from transforms.records.dtypes import narrow
from transforms.records.postprocess import Shaping

GROUP = BatchingConfig(512, length_group=8)
VOCABULARY, WIDTH = 500, 24
OF_FIRST_TOKEN = ("cls", "pooled_output")
EVERY = ("pooled_output", *poolings.names(), "sentence", "sequence_output", "layers:-1,-2")
WINDOWS = [WindowConfig(80), WindowConfig(48, 20)]


def make_engine(features: tuple[str, ...], precision: str, hidden_size: int) -> Engine:
    sizes = {"hidden_size": hidden_size, "intermediate_size": 128, "positions": 96}
    words = tuple(f"w{number}" for number in range(VOCABULARY - len(TINY_VOCABULARY)))
    made = make_checkpoint((*TINY_VOCABULARY, *words), sizes=sizes, deviation=0.1)
    weights = Weights(made.variables, made.architecture, made.shape)
    outputs = config_of(features).outputs
    engine = find("openvino").build(EngineSpec(weights, weights.shape, outputs, precision))
    engine.sentence = make_head(hidden_size)
    return engine


def make_head(hidden_size: int) -> SentenceHead:
    settings = SentenceSettings(
        ("mean", "cls"),
        (SentenceStep("dense", WIDTH, "tanh", True), SentenceStep("normalize", WIDTH)),
    )
    random = np.random.default_rng(1)
    shapes = {"0.kernel": [2 * hidden_size, WIDTH], "0.bias": [WIDTH]}
    return SentenceHead(
        settings, {name: random.normal(size=x).astype(np.float32) for name, x in shapes.items()}
    )


def config_of(
    features: tuple[str, ...],
    windows: WindowConfig = WINDOWS[0],
    batching: BatchingConfig = GROUP,
) -> EmbeddingConfig:
    widths = {"sentence": WIDTH}
    return EmbeddingConfig(
        features,
        windows,
        batching,
        own_widths=widths,
        sentence_poolings=("mean", "cls"),
        sentence_from=3,
    )


def draw_documents(windows: WindowConfig) -> TokenSequences:
    """Draw 60 documents of two segments, longer than a window if these are cut."""
    random = np.random.default_rng(2)
    most = 3 * windows.max_seq_length if windows.stride else windows.max_seq_length
    offsets = np.concatenate([[0], np.cumsum(random.integers(2, most + 1, 60))])
    ids = random.integers(0, VOCABULARY, offsets[-1])
    return TokenSequences(offsets, ids, ids % 2)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the processor has other lanes")
@pytest.mark.parametrize("hidden_size", [64, 100])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("windows", WINDOWS, ids=["whole", "windows"])
@pytest.mark.parametrize("features", [EVERY, OF_FIRST_TOKEN], ids=["every", "first token"])
def test_vectors_are_the_same_bits_among_any_documents(
    features: tuple[str, ...],
    windows: WindowConfig,
    precision: str,
    hidden_size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if precision == "bfloat16":
        skip_without_bfloat16("openvino", monkeypatch)
    engine, config = make_engine(features, precision, hidden_size), config_of(features, windows)
    assert is_invariant(engine, config, VOCABULARY)
    sequences, random = draw_documents(windows), np.random.default_rng(3)
    together = embed_sequences(sequences, engine, config)
    for size in (1, 1, 2, 5, 20, 60):
        some = random.permutation(len(sequences))[:size]
        apart = embed_sequences(sequences.take(some), engine, config)
        for name, vectors in together.documents.items():
            for dtype in ("float32", "int8"):
                shaped = [
                    narrow(Shaping(20, normalize=True).apply(x), dtype)
                    for x in (vectors[some], apart.documents[name])
                ]
                assert shaped[0].values.tobytes() == shaped[1].values.tobytes(), (name, dtype)
            assert vectors[some].tobytes() == apart.documents[name].tobytes(), name
        for name, vectors in together.tokens.items():
            assert vectors[sequences.indices(some)].tobytes() == apart.tokens[name].tobytes()


class Disturbed(EchoEngine):
    """Adds to all values what an engine could add in the last bits."""

    def __init__(self, disturb: Callable[[int, int], float]) -> None:
        super().__init__()
        self.disturb = disturb

    def run(self, input_ids: np.ndarray, *inputs: np.ndarray) -> Encoded[np.ndarray]:
        encoded = super().run(input_ids, *inputs)
        more = np.float32(self.disturb(*input_ids.shape))
        return Encoded(encoded.pooled + more, encoded.sequence + more)


@pytest.mark.parametrize("features", [("mean",), ("pooled_output",), ("sequence_output",)])
@pytest.mark.parametrize(
    ("disturb", "expected"),
    [
        (lambda *_: 0.0, True),
        (lambda _, width: width // 8, True),
        (lambda _, width: width >= 16, True),
        (lambda _, width: width // 4, False),
        (lambda _, width: width, False),
        (lambda rows, _: rows == 1, False),
        (lambda rows, _: rows >= 20, False),
        (lambda rows, width: width > 64 and rows > 1, False),
        (lambda *_: np.nan, False),
    ],
    ids=[
        "none",
        "8 lanes",
        "wide",
        "4 lanes",
        "width",
        "one row",
        "many rows",
        "long",
        "not finite",
    ],
)
def test_the_probe_finds_what_disturbs_vectors(
    disturb: Callable[[int, int], float], expected: bool, features: tuple[str, ...]
) -> None:
    assert is_invariant(Disturbed(disturb), config_of(features), VOCABULARY) == expected


def test_windows_of_long_documents_are_probed() -> None:
    engine = EchoEngine()
    assert is_invariant(engine, config_of(("mean",), WINDOWS[1]), VOCABULARY)
    assert max(width for _, width in engine.shapes) == 48


@pytest.mark.parametrize("longest", [2, 3, 7, 8, 30])
def test_no_probe_is_longer_than_a_window(longest: int) -> None:
    engine = EchoEngine()
    assert is_invariant(engine, config_of(("mean",), WindowConfig(max(3, longest))), VOCABULARY)
    assert max(width for _, width in engine.shapes) <= max(3, longest)


def test_without_groups_padding_depends_on_the_batch() -> None:
    engine = EchoEngine()
    assert not is_invariant(engine, config_of(("mean",), batching=BatchingConfig()), VOCABULARY)
    assert engine.shapes == []


def test_a_product_of_a_head_does_not_depend_on_the_number_of_documents() -> None:
    head = make_head(64)
    random = np.random.default_rng(4)
    pooled = random.normal(size=[2, 300, 64]).astype(np.float32)
    together = head._apply(np.concatenate(list(pooled[:, :128]), axis=1), float64(head))
    for rows in (1, 2, 3, 127):
        few = head._apply(np.concatenate(list(pooled[:, :rows]), axis=1), float64(head))
        assert together[:rows].tobytes() == few[:rows].tobytes()
    whole = head.apply(list(pooled))
    assert whole[200:].tobytes() == head.apply(list(pooled[:, 200:])).tobytes()


def float64(head: SentenceHead) -> dict[str, np.ndarray]:
    return {name: array.astype(np.float64) for name, array in head.weights.items()}
