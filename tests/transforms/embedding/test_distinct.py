import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.batching.token_sequences import TokenSequences
from transforms.embedding.distinct import find_distinct


def flat(documents: list[tuple[list[int], int]]) -> TokenSequences:
    """Return documents of ids, each with the number of ids in its first text."""
    offsets = np.cumsum([0, *(len(ids) for ids, _ in documents)])
    ids = np.array([number for ids, _ in documents for number in ids], np.int64)
    segments = [int(place >= first) for ids, first in documents for place in range(len(ids))]
    return TokenSequences(offsets, ids, np.array(segments, np.int64))


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from([5, 6, 261, 65541]), max_size=3), st.integers(1, 3)),
        max_size=12,
    )
)
def test_every_document_finds_its_own_wordpieces(documents: list[tuple[list[int], int]]) -> None:
    sequences = flat(documents)
    distinct = find_distinct(sequences)
    kinds = {(tuple(ids), min(first, len(ids))) for ids, first in documents}
    assert len(distinct.sequences) == len(kinds)
    assert distinct.repeated == len(documents) - len(kinds)
    for name in ("input_ids", "segment_ids"):
        spread = distinct.spread_tokens(getattr(distinct.sequences, name))
        assert spread.tolist() == getattr(sequences, name).tolist()
    lengths = np.diff(distinct.sequences.offsets)
    assert distinct.spread(lengths).tolist() == np.diff(sequences.offsets).tolist()


def test_where_nothing_repeats_nothing_is_copied() -> None:
    sequences = flat([([5], 1), ([6], 1)])
    distinct = find_distinct(sequences)
    vectors = np.zeros([2, 3])
    assert distinct.sequences is sequences
    assert distinct.spread(vectors) is vectors
    assert distinct.spread_tokens(vectors) is vectors
