import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sources.content_digest import hash_columns

TYPES = {
    "text": (pa.large_string(), st.text(max_size=3)),
    "short": (pa.string(), st.text(max_size=3)),
    "bytes": (pa.large_binary(), st.binary(max_size=3)),
    "fixed": (pa.binary(2), st.binary(min_size=2, max_size=2)),
    "number": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "float": (pa.float32(), st.floats(0, width=32)),
    "flag": (pa.bool_(), st.booleans()),
    "nothing": (pa.null(), st.none()),
    "list": (pa.large_list(pa.string()), st.lists(st.text(max_size=2) | st.none(), max_size=3)),
    "struct": (
        pa.struct({"x": pa.int64(), "y": pa.list_(pa.bool_())}),
        st.fixed_dictionaries({"x": st.integers(0, 2), "y": st.lists(st.booleans(), max_size=2)}),
    ),
    "map": (
        pa.map_(pa.string(), pa.int64()),
        st.lists(st.tuples(st.text(max_size=2), st.integers(0, 2)), max_size=2),
    ),
    "path": (pa.dictionary(pa.int32(), pa.large_string()), st.sampled_from(["a", "b"])),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: values | st.none() for name, (_, values) in TYPES.items()}),
    max_size=4,
)


def batch(rows: list[dict]) -> pa.RecordBatch:
    columns = {
        name: pa.array([row[name] for row in rows], type_) for name, (type_, _) in TYPES.items()
    }
    return pa.RecordBatch.from_pydict(columns)


def without_paths(rows: pa.RecordBatch) -> pa.RecordBatch:
    """A slice has the dictionary of the whole, in which it may use fewer values."""
    return rows.drop_columns(["path"])


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS)
def test_equal_hashes_are_those_of_equal_documents(one: list[dict], other: list[dict]) -> None:
    hashes = {hash_columns(batch(rows)) for rows in (one, other)}
    assert (len(hashes) == 1) == batch(one).equals(batch(other))


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS, ROWS)
def test_the_place_in_memory_does_not_matter(
    before: list[dict], rows: list[dict], after: list[dict]
) -> None:
    whole = without_paths(batch([*before, *rows, *after]))
    part = whole.slice(len(before), len(rows))
    assert hash_columns(part) == hash_columns(without_paths(batch(rows)))


def test_names_and_types_count() -> None:
    same = [
        *({"a": pa.array([1], pa.int64())}, {"b": pa.array([1], pa.int64())}),
        *({"a": pa.array([1], pa.int32())}, {"a": pa.array(["1"])}, {"a": pa.array([b"1"])}),
        {"a": pa.array(["1"], pa.large_string())},
    ]
    assert len({hash_columns(pa.record_batch(columns)) for columns in same}) == len(same)


def test_the_hash_is_what_it_was() -> None:
    """Another one would let updates compute what earlier releases have computed."""
    rows = pa.record_batch({"id": ["a", None], "position": [0, 7], "flag": [True, False]})
    expected = "bc280bb0f15364da437b20340f582a322dcb8b24066bfe047a69cd2cbc75331d"
    assert hash_columns(rows) == expected
