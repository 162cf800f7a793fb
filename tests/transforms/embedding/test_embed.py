import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.parts import EchoEngine, documents_with, make_tokenized
from tests.transforms.windows_oracle import best_window, cut_slowly
from transforms.batching.batches import BatchingConfig
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import WindowConfig
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.output_spec import Encoded
from transforms.embedding import embed, part_embeddings
from transforms.embedding.embed import EmbeddingConfig
from transforms.vector_widths import VectorWidths

FEATURES = ("pooled_output", "mean", "cls", "max", "sequence_output")


def config(tokens_per_batch: int = 2048, **changes: object) -> EmbeddingConfig:
    return EmbeddingConfig(
        **{"features": FEATURES, "batching": BatchingConfig(tokens_per_batch), **changes}
    )


def embed_part(part: pa.RecordBatch, settings: EmbeddingConfig) -> pa.RecordBatch:
    wordpieces, is_valid = part_embeddings.take_sequences(part)
    embeddings = embed.embed_sequences(wordpieces, EchoEngine(), settings)
    return part_embeddings.add_embeddings(part, is_valid, wordpieces, embeddings)


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
    result = embed_part(make_tokenized(documents), config(tokens_per_batch)).to_pydict()
    for row, ids in enumerate(documents):
        if ids is None:
            assert result["pooled_output"][row] is None
            assert result["sequence_output"][row] == []
            assert result["num_tokens"][row] == 0
            continue
        tokens = np.array([[id_, place, 0] for place, id_ in enumerate(ids)], np.float32)
        assert result["sequence_output"][row] == tokens.reshape(-1).tolist()
        assert result["pooled_output"][row] == (tokens[0] + 0.5).tolist()
        assert result["cls"][row] == tokens[0].tolist()
        assert result["max"][row] == tokens.max(axis=0).tolist()
        np.testing.assert_allclose(result["mean"][row], tokens.mean(axis=0), rtol=1e-6)
        assert result["num_tokens"][row] == len(ids)


documents_of = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@settings(deadline=None, max_examples=100)
@given(documents_of, st.integers(3, 12), st.data(), st.integers(1, 64))
def test_a_document_of_windows_counts_each_token_once(
    lengths: list[int], longest: int, data: st.DataObject, tokens_per_batch: int
) -> None:
    stride = data.draw(st.integers(1, longest - 2))
    documents = [[2, *range(100, 100 + length), 3] for length in lengths]
    windows = config(tokens_per_batch, windows=WindowConfig(longest, stride))
    result = embed_part(make_tokenized(documents), windows).to_pydict()
    for row, ids in enumerate(documents):
        cut = cut_slowly(len(ids) - 2, longest, stride)
        # The place of a token tells the window it was taken from.
        tokens = [[2, 0, 0]]
        for wordpiece in range(len(ids) - 2):
            start, _ = best_window(cut, wordpiece)
            tokens.append([100 + wordpiece, wordpiece - start + 1, 0])
        tokens.append([3, ends_at(cut), 0])
        expected = np.array(tokens, np.float32)
        vectors = np.reshape(result["sequence_output"][row], [-1, 3])
        assert vectors.tolist() == expected.tolist()
        np.testing.assert_allclose(result["mean"][row], expected.mean(axis=0), rtol=1e-6)
        assert result["max"][row] == expected.max(axis=0).tolist()
        # All windows begin with the same [CLS], so that their weighted mean is its vector.
        np.testing.assert_allclose(result["cls"][row], [2, 0, 0], rtol=1e-6)
        np.testing.assert_allclose(result["pooled_output"][row], [2.5, 0.5, 0.5], rtol=1e-6)
        assert result["num_tokens"][row] == len(ids)


def ends_at(cut: list[tuple[int, int]]) -> int:
    """Return the position of [SEP] in the last window."""
    start, end = cut[-1]
    return end - start + 1


def test_windows_are_what_the_model_gives_for_each_alone(tiny_module: BertModule) -> None:
    engine = ModuleEngine(tiny_module)
    random = np.random.default_rng(5)
    documents = [[2, *random.integers(5, 23, n), 3] for n in (50, 3, 21)]
    ids = np.concatenate(documents)
    offsets = np.cumsum([0, *map(len, documents)])
    wordpieces = TokenSequences(offsets, ids, np.zeros_like(ids))
    whole = embed.embed_sequences(wordpieces, engine, config(windows=WindowConfig(16, 5)))
    for number, document in enumerate(documents):
        rows = whole.tokens["sequence_output"][offsets[number] : offsets[number + 1]]
        pooled, weights = [], []
        cut = cut_slowly(len(document) - 2, 16, 5)
        for start, end in cut:
            window = np.array([[2, *document[1 + start : 1 + end], 3]], np.int32)
            vector, sequence, *_ = engine.run(window, np.ones_like(window), np.zeros_like(window))
            pooled.append(vector[0])
            weights.append(window.size)
            for wordpiece in range(start, end):
                if best_window(cut, wordpiece) == (start, end):
                    alone = sequence[0, 1 + wordpiece - start]
                    np.testing.assert_allclose(rows[1 + wordpiece], alone, atol=1e-5)
        expected = np.average(pooled, axis=0, weights=weights)
        np.testing.assert_allclose(whole.documents["pooled_output"][number], expected, atol=1e-5)
        np.testing.assert_allclose(whole.documents["mean"][number], rows.mean(axis=0), atol=1e-5)


def test_the_account_counts_sound_documents_only() -> None:
    part = make_tokenized([[2, 1, 3], None, [2, 7, 8, 3], [2, 9, 3, 9, 3]])
    columns = {name: part.column(name) for name in part.schema.names}
    columns["num_wordpieces"] = pa.array([1, 50, 40, 2])
    columns["num_unknown"] = pa.array([1, 50, 0, 0])
    columns["truncated"] = pa.array([0, 1, 1, 0])
    segments = [[0] * 3, [0] * 2, [0] * 4, [0, 0, 0, 1, 1]]
    columns["segment_ids"] = pa.array(segments, pa.large_list(pa.int64()))
    part = documents_with(columns, part)
    wordpieces, is_valid = part_embeddings.take_sequences(part)
    embeddings = embed.embed_sequences(wordpieces, EchoEngine(), config(8))
    result = part_embeddings.add_embeddings(part, is_valid, wordpieces, embeddings)
    assert part_embeddings.account(result, embeddings) == {
        "documents": 4,
        "embedded": 3,
        "rejected": 1,
        "truncated": 1,
        "num_wordpieces": 43,
        "num_unknown": 1,
        "num_tokens": 12,
        "pairs": 1,
        "computed_tokens": 12,
        "padded_tokens": 13,
        "batches": 2,
        "halved_batches": 0,
        "repeated": 0,
        "repeated_elsewhere": 0,
    }


def test_only_what_is_asked_for_is_kept() -> None:
    result = embed_part(make_tokenized([[2, 5, 3]]), config(features=("mean",)))
    assert "mean" in result.schema.names
    assert not {"pooled_output", "sequence_output"} & set(result.schema.names)


def test_vectors_do_not_depend_on_neighbours(tiny_module: BertModule) -> None:
    engine = ModuleEngine(tiny_module)
    random = np.random.default_rng(3)
    documents = [[2, *random.integers(5, 23, n), 3] for n in (1, 5, 9, 30, 2, 30, 17)]

    def vectors(chosen: list[list[int]], tokens_per_batch: int) -> embed.PartEmbeddings:
        offsets = np.cumsum([0, *map(len, chosen)])
        ids = np.concatenate(chosen)
        return embed.embed_sequences(
            TokenSequences(offsets, ids, np.zeros_like(ids)), engine, config(tokens_per_batch)
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
        rows = together.tokens["sequence_output"][offsets[number] : offsets[number + 1]]
        np.testing.assert_allclose(rows, alone.tokens["sequence_output"], atol=1e-5)


def test_a_document_too_long_for_a_record_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_embeddings, "MAX_RECORD_BYTES", 4 * 3 * 5)
    part = make_tokenized([[2, 5, 5, 5, 3], None, [2, 5, 5, 5, 5, 3]])
    sequence = config(features=("mean", "sequence_output"))
    result = part_embeddings.reject_oversize(part, VectorWidths(3), sequence)
    assert result.schema.metadata == part.schema.metadata
    assert result.column("reason").to_pylist() == [None, "empty", "too_large"]
    detail = result.column("detail")[2].as_py()
    assert detail == "vectors of over 5 tokens take more than 0 MiB"
    assert part_embeddings.reject_oversize(part, VectorWidths(2), sequence) is part
    assert (
        part_embeddings.reject_oversize(part, VectorWidths(3), config(features=("mean",))) is part
    )


def test_a_document_of_too_many_windows_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_embeddings, "MAX_RECORD_BYTES", 4 * 3 * 5)
    part = make_tokenized([[2, *[5] * 7, 3], [2, *[5] * 8, 3]])
    windows = config(features=("mean",), windows=WindowConfig(5, 1))
    result = part_embeddings.reject_oversize(part, VectorWidths(3), windows)
    assert result.column("reason").to_pylist() == [None, "too_large"]
    detail = result.column("detail")[1].as_py()
    assert detail == "vectors of over 5 windows take more than 0 MiB"


def test_unknown_features_are_refused() -> None:
    with pytest.raises(ValueError, match="`features` has 'sum'"):
        config(features=("sum",))


class FailingEngine(EchoEngine):
    """Has no room for large batches, fails on the id 66, and returns no number for the id 77."""

    room = 24

    def run(self, input_ids: np.ndarray, *others: np.ndarray) -> Encoded[np.ndarray]:
        if input_ids.size > self.room:
            raise MemoryError(f"no room for {input_ids.shape}")
        if (input_ids == 66).any():
            raise RuntimeError("66 is\nno good")
        pooled, sequence, *_ = super().run(input_ids, *others)
        sequence[input_ids == 77] = np.inf
        pooled[(input_ids == 77).any(axis=1)] = np.nan
        return Encoded(pooled, sequence)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.lists(st.sampled_from([5, 6, 7, 66, 77]), min_size=1, max_size=30),
        ),
        max_size=12,
    ),
    st.sampled_from([WindowConfig(), WindowConfig(8, 3)]),
)
def test_a_document_that_the_model_fails_on_costs_no_other(
    documents: list[list[int] | None], windows: WindowConfig
) -> None:
    part = make_tokenized([ids and [2, *ids, 3] for ids in documents])
    wordpieces, is_valid = part_embeddings.take_sequences(part)
    wanted = config(features=("pooled_output", "sequence_output"), windows=windows)
    embeddings = embed.embed_sequences(wordpieces, FailingEngine(), wanted)
    result = part_embeddings.add_embeddings(part, is_valid, wordpieces, embeddings)
    counts = part_embeddings.account(result, embeddings)
    columns = result.to_pydict()
    for row, ids in enumerate(documents):
        detail = columns["detail"][row] or ""
        if ids is None:
            assert columns["reason"][row] == "empty"
        elif len(ids) + 2 > FailingEngine.room and not windows.stride:
            assert "no room for (1, " in detail
        elif 66 in ids:
            assert (columns["reason"][row], detail) == ("model_failed", "66 is no good")
        elif 77 in ids:
            assert "no finite number" in detail
        else:
            assert columns["reason"][row] is None
            assert columns["num_tokens"][row] == len(ids) + 2
            vectors = np.reshape(columns["sequence_output"][row], [-1, 3])
            assert vectors[:, 0].tolist() == [2, *ids, 3]
            assert np.isfinite(columns["pooled_output"][row]).all()
    assert counts["documents"] == counts["embedded"] + counts["rejected"] == len(documents)
    assert counts["rejected"] == sum(reason is not None for reason in columns["reason"])


def test_an_engine_that_fails_on_everything_is_no_documents_fault() -> None:
    class Broken(EchoEngine):
        def run(self, *_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            raise RuntimeError("the device is gone")

    wordpieces, _ = part_embeddings.take_sequences(make_tokenized([[2, 5, 3]] * 4))
    with pytest.raises(RuntimeError, match="the device is gone"):
        embed.embed_sequences(wordpieces, Broken(), config(features=("mean",)))
