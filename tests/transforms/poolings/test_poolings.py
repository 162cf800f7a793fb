import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import poolings
from transforms.poolings import DocumentWindows, GraphWindows

vectors_of = st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=2)


@st.composite
def window_of(draw: st.DrawFn) -> list[tuple[list[float], bool]]:
    """Draw vectors, of which one run is kept."""
    vectors = draw(st.lists(vectors_of, min_size=1, max_size=5))
    begin = draw(st.integers(0, len(vectors) - 1))
    end = draw(st.integers(begin + 1, len(vectors)))
    return [(vector, begin <= place < end) for place, vector in enumerate(vectors)]


windows_of = st.lists(window_of(), min_size=1, max_size=6)


def pool_slowly(window: list[tuple[list[float], bool]], name: str) -> list[float]:
    tokens = [vector for vector, kept in window if kept]
    if name == "cls":
        return window[0][0]
    if name == "lasttoken":
        return tokens[-1]
    if name == "max":
        return [max(values) for values in zip(*tokens, strict=True)]
    if name == "weightedmean":
        places = [place for place, (_, kept) in enumerate(window, start=1) if kept]
        weighted = [
            [place * value for value in vector]
            for place, vector in zip(places, tokens, strict=True)
        ]
        return [sum(values) / sum(places) for values in zip(*weighted, strict=True)]
    if name == "mean_sqrt_len":
        return [sum(values) / len(tokens) ** 0.5 for values in zip(*tokens, strict=True)]
    return [sum(values) / len(tokens) for values in zip(*tokens, strict=True)]


@pytest.mark.parametrize("name", poolings.names())
@settings(deadline=None, max_examples=60)
@given(windows=windows_of)
def test_a_pooling_computes_what_a_slow_loop_computes(
    name: str, windows: list[list[tuple[list[float], bool]]]
) -> None:
    longest = max(map(len, windows))
    sequence = np.full([len(windows), longest, 2], np.nan, np.float32)
    kept = np.zeros([len(windows), longest], bool)
    for row, window in enumerate(windows):
        sequence[row, : len(window)] = [vector for vector, _ in window]
        kept[row, : len(window)] = [is_kept for _, is_kept in window]
    vectors = poolings.find(name).pool(sequence, kept)
    assert vectors.dtype == np.float32
    expected = [pool_slowly(window, name) for window in windows]
    np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-3 if "mean" in name else 0)


def test_an_unknown_pooling_is_refused() -> None:
    with pytest.raises(
        ValueError, match="no pooling 'sum'; there are mean, cls, max, mean_sqrt_len"
    ):
        poolings.find("sum")


weighted = st.lists(
    st.lists(st.tuples(vectors_of, st.integers(1, 500)), min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


def combine(
    name: str,
    vectors: np.ndarray,
    firsts: np.ndarray,
    *,
    lengths: np.ndarray | None = None,
    kept: np.ndarray | None = None,
) -> np.ndarray:
    """Combine window vectors; arrays that are missing hold 1, and must not matter."""
    ones = np.ones(len(vectors), np.int64)
    windows = DocumentWindows(
        firsts, ones if lengths is None else lengths, ones if kept is None else kept
    )
    return poolings.find(name).combine(vectors, windows)


def test_all_columns_of_wide_vectors_are_combined() -> None:
    vectors = np.random.default_rng(0).normal(size=[5, 150]).astype(np.float32)
    weights = np.array([3, 1, 2, 5, 4])
    means = combine("mean", vectors, np.array([0, 2]), kept=weights)
    for document, rows in ((0, slice(0, 2)), (1, slice(2, 5))):
        expected = np.average(vectors[rows].astype(np.float64), axis=0, weights=weights[rows])
        np.testing.assert_allclose(means[document], expected, rtol=1e-6, atol=1e-7)


@settings(deadline=None, max_examples=60)
@given(weighted)
def test_documents_are_the_weighted_means_of_their_windows(
    documents: list[list[tuple[list[float], int]]],
) -> None:
    windows = [window for document in documents for window in document]
    vectors = np.array([vector for vector, _ in windows], np.float32)
    weights = np.array([weight for _, weight in windows])
    firsts = np.cumsum([0, *map(len, documents)])[:-1]
    means = combine("mean", vectors, firsts, kept=weights)
    largest = combine("max", vectors, firsts)
    assert combine("cls", vectors, firsts, lengths=weights).tolist() == means.tolist()
    assert combine("weightedmean", vectors, firsts, kept=weights).tolist() == means.tolist()
    ends = np.append(firsts[1:], len(vectors)) - 1
    assert combine("lasttoken", vectors, firsts).tolist() == vectors[ends].tolist()
    assert (means.dtype, largest.dtype) == (np.float32, np.float32)
    for document, mean, most in zip(documents, means, largest, strict=True):
        rows = np.array([vector for vector, _ in document], np.float32)
        shares = [weight for _, weight in document]
        np.testing.assert_allclose(mean, np.average(rows, axis=0, weights=shares), atol=1e-3)
        assert most.tolist() == rows.max(axis=0).tolist()
        if len(document) == 1:
            assert mean.tolist() == rows[0].tolist()


@pytest.mark.parametrize("name", poolings.names())
def test_a_part_without_documents_has_no_vectors(name: str) -> None:
    none = np.zeros(0, np.int64)
    combined = poolings.find(name).combine(
        np.zeros([0, 4], np.float32), DocumentWindows(none, none, none)
    )
    assert combined.shape == (0, 4)


def test_the_sums_of_windows_are_those_of_their_tokens() -> None:
    tokens = np.random.default_rng(0).normal(size=[9, 4]).astype(np.float32)
    windows = [tokens[:5], tokens[5:7], tokens[7:], tokens[:3]]
    pooling = poolings.find("mean_sqrt_len")
    each = [pooling.pool(rows[np.newaxis], np.ones([1, len(rows)], bool)) for rows in windows]
    vectors, kept = np.concatenate(each), np.array([len(rows) for rows in windows])
    whole = combine("mean_sqrt_len", vectors, np.array([0, 3]), kept=kept)
    np.testing.assert_allclose(whole[0], tokens.sum(axis=0) / 3, rtol=1e-6)
    assert whole[1].tolist() == vectors[3].tolist()


@pytest.mark.parametrize("name", poolings.names())
def test_a_graph_computes_what_a_job_computes(name: str) -> None:
    import tensorflow as tf

    random, pooling = np.random.default_rng(0), poolings.find(name)
    begins, ends = np.array([0, 2, 1, 0, 3]), np.array([1, 7, 5, 7, 4])
    places = np.arange(7)
    kept = (places >= begins[:, np.newaxis]) & (places < ends[:, np.newaxis])
    sequence = random.normal(size=[5, 7, 6]).astype(np.float32)
    # The vectors of padding may be anything.
    sequence[:, 1:][~kept[:, 1:]] = np.nan
    vectors = pooling.pool(sequence, kept)
    graph = pooling.pool_in_graph(tf.constant(sequence), tf.constant(kept))
    np.testing.assert_allclose(graph, vectors, rtol=1e-6, atol=1e-6)
    documents, lengths, counts = np.array([0, 0, 1, 2, 2]), ends - begins + 2, ends - begins
    windows = DocumentWindows(np.array([0, 2, 3]), lengths, counts)
    in_graph = GraphWindows(*map(tf.constant, (documents, lengths, counts)))
    combined = pooling.combine_in_graph(tf.constant(vectors), in_graph)
    np.testing.assert_allclose(combined, pooling.combine(vectors, windows), rtol=1e-6, atol=1e-6)


# Adds a folder to the package before the names of features are derived from it.
FURTHER = """
import sys
from transforms import poolings
poolings.__path__.append(sys.argv[1])
from transforms import features
from transforms.bert.output_spec import OutputSpec
features.check_features(["last"])
print(features.DOCUMENT_FEATURES)
print(OutputSpec.of(["last"]))
"""


def test_a_pooling_is_one_file(tmp_path: Path) -> None:
    module = tmp_path / "last.py"
    module.write_text("""
class Last:
    order = 9
    first_token_only = False

POOLING = Last()
""")
    command = [sys.executable, "-c", FURTHER, str(tmp_path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.splitlines() == [
        "('pooled_output', 'mean', 'cls', 'max', 'mean_sqrt_len', 'weightedmean', 'lasttoken', "
        "'last', 'sentence', 'default')",
        "OutputSpec(pooled=False, tokens=True, first_token=False, layers=(), default=False)",
    ]
