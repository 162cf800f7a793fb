import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.embedding.test_distinct import flat
from tests.transforms.parts import EchoEngine
from transforms.dedup.lookup import embed_with_table
from transforms.dedup.repeat_table import (
    DIGEST,
    REPEAT,
    RepeatTable,
    TablePiece,
    find_repeated_digests,
    find_rows,
    hash_documents,
    keep_most,
    read_piece,
    serialize_piece,
)
from transforms.embedding.embed import EmbeddingConfig, embed_sequences
from transforms.vector_widths import VectorWidths

WIDTHS = VectorWidths(3)

KINDS = st.tuples(st.lists(st.sampled_from([5, 6, 261, 65541]), max_size=3), st.integers(1, 3))


@given(st.lists(KINDS, max_size=12))
def test_digests_are_equal_for_equal_tokens_only(documents: list) -> None:
    kinds = [(tuple(ids), min(first, len(ids))) for ids, first in documents]
    digests = hash_documents(flat(documents)).tolist()
    assert [[one == other for other in digests] for one in digests] == [
        [one == other for other in kinds] for one in kinds
    ]


# Bytes that end in zeros are where numpy's strings of fixed length could lose some.
DIGESTS = st.sampled_from(
    [bytes([n]) + bytes(14) + bytes([last]) for n in range(4) for last in (0, 1)]
)


@given(st.dictionaries(st.integers(0, 9), st.sets(DIGESTS), max_size=5), st.randoms())
def test_repeats_are_counted_over_parts_in_any_order(parts: dict, random: object) -> None:
    given_parts = [(number, np.array(sorted(digests), DIGEST)) for number, digests in parts.items()]
    random.shuffle(given_parts)
    repeated = find_repeated_digests(given_parts)
    expected = {
        digest: (len(numbers), min(numbers))
        for digest in sorted(set().union(*parts.values()))
        if len(numbers := [number for number, held in parts.items() if digest in held]) > 1
    }
    stripped = {digest.rstrip(b"\0"): value for digest, value in expected.items()}
    assert {row["digest"]: (row["parts"], row["part"]) for row in repeated} == stripped
    assert len(repeated) == len(expected)


def test_those_in_the_most_parts_are_kept_and_of_equals_the_least() -> None:
    rows = [(b"d", 2, 0), (b"a", 3, 0), (b"c", 2, 0), (b"b", 9, 0)]
    kept = keep_most(np.array(rows, REPEAT), 3)
    assert kept["digest"].tolist() == [b"a", b"b", b"c"]


def test_rows_are_found_in_an_empty_table_too() -> None:
    wanted = np.array([b"a", b"c"], DIGEST)
    assert find_rows(np.array([b"b", b"c"], DIGEST), wanted).tolist() == [-1, 1]
    assert find_rows(np.array([], DIGEST), wanted).tolist() == [-1, -1]


@given(st.lists(KINDS, max_size=8), st.data())
def test_a_table_in_pieces_changes_no_vector(documents: list, data: st.DataObject) -> None:
    sequences, engine = flat([([7, *ids], first) for ids, first in documents]), EchoEngine()
    config = EmbeddingConfig(features=("mean", "pooled_output"))
    whole = embed_sequences(sequences, engine, config)
    digests, firsts = np.unique(hash_documents(sequences), return_index=True)
    chosen = (
        sorted(data.draw(st.sets(st.sampled_from(range(len(digests)))))) if len(digests) else []
    )
    pieces = [
        TablePiece(digests[[row]], {name: x[firsts[[row]]] for name, x in whole.documents.items()})
        for row in chosen
    ]
    made = embed_with_table(RepeatTable(tuple(pieces)), sequences, engine, config)
    for name, vectors in whole.documents.items():
        np.testing.assert_allclose(made.documents[name], vectors, rtol=1e-6)
    assert made.repeated_elsewhere == int(np.isin(hash_documents(sequences), digests[chosen]).sum())
    assert made.repeated - made.repeated_elsewhere <= whole.repeated


def test_a_piece_is_read_as_it_was_written() -> None:
    digests = np.array([b"a" + bytes(15), b"b" * 16], DIGEST)
    vectors = {"mean": np.arange(6, dtype=np.float32).reshape(2, 3)}
    piece = read_piece(pa.py_buffer(serialize_piece(digests, vectors, WIDTHS)), ["mean"], WIDTHS)
    assert piece.digests.tolist() == digests.tolist()
    assert piece.documents["mean"].tolist() == vectors["mean"].tolist()


@pytest.mark.parametrize(
    ("digests", "value", "features", "hidden", "why"),
    [
        ((b"b", b"a"), 1.0, ["mean"], 3, "not in order"),
        ((b"a", b"a"), 1.0, ["mean"], 3, "not in order"),
        ((b"a", b"b"), np.nan, ["mean"], 3, "not a finite number"),
        ((b"a", b"b"), 1.0, ["max"], 3, "not a table of these features"),
        ((b"a", b"b"), 1.0, ["mean"], 2, "not a table of these features"),
    ],
)
def test_a_piece_that_is_none_is_refused(
    digests: tuple, value: float, features: list, hidden: int, why: str
) -> None:
    content = serialize_piece(
        np.array(digests, DIGEST), {"mean": np.full([2, 3], value, np.float32)}, WIDTHS
    )
    with pytest.raises(ValueError, match=why):
        read_piece(pa.py_buffer(content), features, VectorWidths(hidden))
    with pytest.raises(ValueError, match=r"(?i)arrow|file|footer|read"):
        read_piece(pa.py_buffer(content[:-9]), features, VectorWidths(hidden))
