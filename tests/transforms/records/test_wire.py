"""The bytes are compared with those of protobuf and of tfx_bsl's encoder."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tfx_bsl.coders import example_coder

from transforms.records import wire

INTEGERS = st.one_of(
    st.integers(0, 200), st.integers(-(2**63), 2**63 - 1), st.sampled_from([127, 128, 2**63 - 1])
)
KINDS = {
    "int64_list": (pa.int64(), st.lists(INTEGERS, max_size=70)),
    "float_list": (pa.float32(), st.lists(st.floats(width=32), max_size=70)),
    "bytes_list": (pa.large_binary(), st.lists(st.binary(max_size=150), max_size=3)),
}
# tfx_bsl ends a name at NUL.
NAME = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), min_size=1, max_size=140)
NAMES = st.lists(NAME, min_size=1, max_size=4, unique=True)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, tuple[str, list[list[Any]]]]:
    """Draw, by name, a kind of list and that of each row."""
    rows = draw(st.integers(0, 4))
    kinds = {name: draw(st.sampled_from(sorted(KINDS))) for name in draw(NAMES)}
    return {
        name: (kind, [draw(KINDS[kind][1]) for _ in range(rows)]) for name, kind in kinds.items()
    }


def columns_of(table: dict[str, tuple[str, list[list[Any]]]]) -> pa.RecordBatch:
    columns = {
        name: pa.array(rows, pa.large_list(KINDS[kind][0])) for name, (kind, rows) in table.items()
    }
    return pa.RecordBatch.from_pydict(columns)


def by_protobuf(table: dict[str, tuple[str, list[list[Any]]]], row: int) -> bytes:
    """Serialize a row's features one by one, in the order of their names."""
    entries = []
    for name in sorted(table, key=str.encode):
        kind, rows = table[name]
        features = tf.train.Features()
        getattr(features.feature[name], kind).value.extend(rows[row])
        # A list of nothing is still a list of its kind.
        getattr(features.feature[name], kind).SetInParent()
        entries.append(features.SerializeToString())
    whole = tf.train.Example()
    whole.features.ParseFromString(b"".join(entries))
    body = b"".join(entries)
    head = whole.SerializeToString()
    return head[: len(head) - len(body)] + body


@settings(deadline=None, max_examples=150)
@given(tables())
def test_examples_are_those_of_protobuf(table: dict[str, tuple[str, list[list[Any]]]]) -> None:
    columns = columns_of(table)
    given_ = wire.serialize(columns).to_pylist()
    assert given_ == [by_protobuf(table, row) for row in range(columns.num_rows)]
    theirs = example_coder.RecordBatchToExamplesEncoder().encode(columns)
    parse = tf.train.Example.FromString
    assert [parse(one).SerializeToString(deterministic=True) for one in given_] == [
        parse(one).SerializeToString(deterministic=True) for one in theirs
    ]


def test_a_slice_is_serialized_as_if_it_were_alone() -> None:
    rows = [[f"token {n}-{k}".encode() for k in range(n % 3)] for n in range(300)]
    columns = pa.RecordBatch.from_pydict(
        {
            "tokens": pa.array(rows, pa.large_list(pa.large_binary())),
            "floats": pa.array(
                [np.full(n, n / 7, np.float32) for n in range(300)], pa.large_list(pa.float32())
            ),
            "numbers": pa.array([[n * 100] for n in range(300)], pa.large_list(pa.int64())),
        }
    )
    whole = wire.serialize(columns)
    for start, count in ((0, 1), (17, 200), (299, 1), (300, 0)):
        assert wire.serialize(columns.slice(start, count)) == whole.slice(start, count)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (
            pa.array([[1.5]], pa.large_list(pa.float64())),
            "score: a tf.Example cannot hold lists of double",
        ),
        (pa.array([[1, None]], pa.large_list(pa.int64())), "score: it contains a null"),
        (pa.array([None], pa.large_list(pa.int64())), "score: it contains a null"),
    ],
)
def test_what_has_no_place_in_an_example_is_refused(column: pa.Array, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        wire.serialize(pa.RecordBatch.from_pydict({"score": column}))
