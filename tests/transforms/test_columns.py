import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.columns import concatenate, optional_lists, singleton_lists, variable_lists

TYPES = {
    "numbers": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "strings": (pa.large_string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
    "bytes": (pa.large_binary(), st.binary(max_size=5)),
}


@st.composite
def slices(draw: st.DrawFn, values: st.SearchStrategy, type_: pa.DataType) -> pa.Array:
    column = pa.array(draw(st.lists(values, max_size=12)), type_)
    start = draw(st.integers(0, len(column)))
    return column.slice(start, draw(st.integers(0, len(column) - start)))


@pytest.mark.parametrize("kind", TYPES)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_each_value_becomes_a_list_of_its_own(kind: str, data: st.DataObject) -> None:
    type_, values = TYPES[kind]
    column = data.draw(slices(values, type_))
    lists = singleton_lists(column)
    lists.validate(full=True)
    assert lists.type == pa.large_list(type_)
    assert lists.to_pylist() == [[value] for value in column.to_pylist()]


@pytest.mark.parametrize("kind", TYPES)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_a_null_becomes_an_empty_list(kind: str, data: st.DataObject) -> None:
    type_, values = TYPES[kind]
    column = data.draw(slices(st.none() | values, type_))
    lists = optional_lists(column)
    lists.validate(full=True)
    assert lists.type == pa.large_list(type_)
    expected = [[] if value is None else [value] for value in column.to_pylist()]
    assert lists.to_pylist() == expected


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 5), st.data())
def test_vectors_become_lists_of_the_same_values(width: int, data: st.DataObject) -> None:
    vector = st.lists(st.floats(width=32, allow_nan=False), min_size=width, max_size=width)
    column = data.draw(slices(vector, pa.list_(pa.float32(), width)))
    lists = variable_lists(column)
    lists.validate(full=True)
    assert lists.type == pa.large_list(pa.float32())
    assert lists.to_pylist() == column.to_pylist()


def test_values_are_not_copied() -> None:
    column = pa.array(range(1000), pa.int64())
    vectors = pa.FixedSizeListArray.from_arrays(column, 10)
    address = column.buffers()[1].address
    assert singleton_lists(column).values.buffers()[1].address == address
    assert variable_lists(vectors).values.buffers()[1].address == address


def test_batches_are_joined_to_one_with_all_rows() -> None:
    batches = [pa.record_batch({"text": [str(row)], "n": [row]}) for row in range(3)]
    joined = concatenate(batches)
    assert joined.to_pydict() == {"text": ["0", "1", "2"], "n": [0, 1, 2]}
    assert joined.schema == batches[0].schema


def test_bytes_that_no_batch_holds_are_refused_and_not_dropped() -> None:
    # One GiB that three rows share: together they exceed lengths of 32 bits.
    gib = pa.py_buffer(np.zeros(1 << 30, np.uint8))
    offsets = pa.py_buffer(np.array([0, 1 << 30], np.int32))
    column = pa.Array.from_buffers(pa.binary(), 1, [None, offsets, gib])
    batch = pa.RecordBatch.from_arrays([column], ["text"])
    with pytest.raises(pa.ArrowInvalid, match="offset overflow"):
        concatenate([batch] * 3)
