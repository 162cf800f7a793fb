import threading
import time
from collections.abc import Iterator

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.parts import make_part
from transforms import encode
from transforms.batching import BatchingConfig
from transforms.bert.engines import TensorflowEngine
from transforms.bert.module import BertModule
from transforms.documents import header_of, with_header
from transforms.encode import EncodeConfig, EncodeParts, Wordpieces

FEATURES = ("pooled_output", "mean", "cls", "max", "sequence_output")
MAX_SEQ_LENGTH = 8


class CountingEngine:
    """Gives vectors that tell which token stood where, and notes what it was asked."""

    hidden_size = 3

    def __init__(self) -> None:
        self.running = 0
        self.most_at_once = 0
        self.shapes: list[tuple[int, int]] = []

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        time.sleep(0.002)
        self.shapes.append(input_ids.shape)
        place = np.broadcast_to(np.arange(input_ids.shape[1]), input_ids.shape)
        sequence = np.stack([input_ids, place, segment_ids], axis=-1).astype(np.float32)
        sequence[input_mask == 0] = np.nan
        self.running -= 1
        return sequence[:, 0] + 0.5, sequence


def config(tokens_per_batch: int = 2048, features: tuple[str, ...] = FEATURES) -> EncodeConfig:
    return EncodeConfig(
        model="unused",
        model_sha256="0",
        features=features,
        batching=BatchingConfig(tokens_per_batch),
    )


def tokenized(documents: list[list[int] | None], start: int = 0) -> pa.RecordBatch:
    """Make a part as TokenizeParts leaves it."""
    part = make_part([None if ids is None else "text" for ids in documents], start)
    ids = [ids or [2, 3] for ids in documents]
    columns = {name: part.column(name) for name in part.schema.names if name != "text"}
    columns |= {
        "input_ids": pa.array(ids, pa.large_list(pa.int64())),
        "segment_ids": pa.array([[0] * len(row) for row in ids], pa.large_list(pa.int64())),
        "num_wordpieces": pa.array([len(row) - 2 for row in ids], pa.int64()),
        "num_unknown": pa.array([row.count(1) for row in ids], pa.int64()),
    }
    return with_header(pa.RecordBatch.from_pydict(columns), header_of(part))


def encode_part(part: pa.RecordBatch, settings: EncodeConfig) -> pa.RecordBatch:
    wordpieces, sound = encode.take_wordpieces(part)
    embeddings = encode.embed(wordpieces, CountingEngine(), settings)
    return encode.add_embeddings(part, sound, wordpieces, embeddings)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(st.none(), st.lists(st.integers(0, 99), min_size=1, max_size=9)), max_size=20
    ),
    st.integers(1, 64),
)
def test_vectors_come_back_to_their_documents_in_order(
    documents: list[list[int] | None], tokens_per_batch: int
) -> None:
    result = encode_part(tokenized(documents), config(tokens_per_batch)).to_pydict()
    for row, ids in enumerate(documents):
        if ids is None:
            assert result["pooled_output"][row] is None
            assert result["sequence_output"][row] == []
            assert (result["num_tokens"][row], result["truncated"][row]) == (0, False)
            continue
        tokens = np.array([[id_, place, 0] for place, id_ in enumerate(ids)], np.float32)
        assert result["sequence_output"][row] == tokens.reshape(-1).tolist()
        assert result["pooled_output"][row] == (tokens[0] + 0.5).tolist()
        assert result["cls"][row] == tokens[0].tolist()
        assert result["max"][row] == tokens.max(axis=0).tolist()
        np.testing.assert_allclose(result["mean"][row], tokens.mean(axis=0), rtol=1e-6)
        assert result["num_tokens"][row] == len(ids)


def test_the_account_counts_sound_documents_only() -> None:
    part = tokenized([[2, 1, 3], None, [2, 7, 8, 3]])
    part = part.set_column(
        part.schema.get_field_index("num_wordpieces"), "num_wordpieces", pa.array([1, 0, 40])
    )
    embedded = encode_part(part, config())
    sound = np.array([True, False, True])
    assert encode.account(embedded, sound) == {
        "documents": 3,
        "embedded": 2,
        "rejected": 1,
        "truncated": 1,
        "wordpieces": 41,
        "unknown": 1,
        "tokens": 7,
    }
    assert embedded.column("truncated").to_pylist() == [False, False, True]


def test_only_what_is_asked_for_is_kept() -> None:
    result = encode_part(tokenized([[2, 5, 3]]), config(features=("mean",)))
    assert "mean" in result.schema.names
    assert not {"pooled_output", "sequence_output", "segment_ids"} & set(result.schema.names)


def test_vectors_do_not_depend_on_neighbours(tiny_module: BertModule) -> None:
    engine = TensorflowEngine(tiny_module)
    random = np.random.default_rng(3)
    documents = [[2, *random.integers(5, 23, n), 3] for n in (1, 5, 9, 30, 2, 30, 17)]

    def vectors(chosen: list[list[int]], tokens_per_batch: int) -> encode.Embeddings:
        offsets = np.cumsum([0, *map(len, chosen)])
        ids = np.concatenate(chosen)
        return encode.embed(
            Wordpieces(offsets, ids, np.zeros_like(ids)), engine, config(tokens_per_batch)
        )

    together = vectors(documents, 10_000)
    assert (together.batches, together.padded_tokens) == (1, 7 * 32)
    offsets = np.cumsum([0, *map(len, documents)])
    for number, document in enumerate(documents):
        alone = vectors([document], 1)
        for name in alone.documents:
            np.testing.assert_allclose(
                together.documents[name][number], alone.documents[name][0], atol=1e-5
            )
        rows = together.tokens[offsets[number] : offsets[number + 1]]
        np.testing.assert_allclose(rows, alone.tokens, atol=1e-5)


@pytest.fixture
def fresh_process() -> Iterator[None]:
    encode._LOADED.clear()
    yield
    encode._LOADED.clear()


class CountedLoads:
    """A loader for bundles of one process; class attributes survive Beam's copies of it."""

    count = 0
    engine = CountingEngine()
    lock = threading.Lock()

    def __call__(self, _: EncodeConfig) -> CountingEngine:
        time.sleep(0.05)
        with CountedLoads.lock:
            CountedLoads.count += 1
        return CountedLoads.engine


@pytest.mark.usefixtures("fresh_process")
def test_concurrent_bundles_share_one_model_and_compute_one_at_a_time() -> None:
    parts = [tokenized([[2, 5 + n, 3]] * 5, start=100 * n) for n in range(16)]
    CountedLoads.count = 0
    options = PipelineOptions(["--direct_num_workers=4", "--direct_running_mode=multi_threading"])
    for _ in range(2):
        with beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
            _ = (
                pipeline
                | beam.Create(parts)
                | beam.Reshuffle()
                | EncodeParts(config(tokens_per_batch=3), load=CountedLoads())
            )
    assert CountedLoads.count == 1
    assert CountedLoads.engine.most_at_once == 1
    assert len(CountedLoads.engine.shapes) == 2 * 16 * 5


@pytest.mark.usefixtures("fresh_process")
def test_a_worker_refuses_other_weights_than_the_job_was_planned_with(
    tiny_module: BertModule,
) -> None:
    settings = EncodeConfig(str(tiny_module.path), "f" * 64, ("mean",))
    with pytest.raises(ValueError, match="--model_sha256 is ffff"):
        encode.load_engine(settings)


def test_unknown_features_are_refused() -> None:
    with pytest.raises(ValueError, match="--features has 'sum'"):
        config(features=("sum",))
