import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stores.row_batches import Refused, sized

BATCHES = st.lists(st.lists(st.text(max_size=20), max_size=9), max_size=6)


@given(BATCHES, st.integers(1, 400))
def test_batches_of_one_size_have_the_same_rows(texts: list[list[str]], most: int) -> None:
    schema = pa.schema([("id", pa.string())])
    batches = [pa.record_batch([pa.array(one, pa.string())], schema=schema) for one in texts]
    cut = list(sized(batches, most))
    rows = [row for batch in cut for row in batch.column("id").to_pylist()]
    assert rows == [row for one in texts for row in one]
    # The bytes of a row are those of the mean row of its batch.
    longest = max((batch.nbytes for batch in batches), default=0)
    assert all(batch.num_rows == 1 or batch.nbytes <= max(most, longest) for batch in cut)
    assert all(batch.num_rows for batch in cut)


def test_a_refused_row_counts_once_by_its_first_problem() -> None:
    rows = pa.record_batch({"id": ["a", "b", "c"]})
    refused = Refused()
    masks = [(np.array([True, False, False]), "one"), (np.array([True, True, False]), "two")]
    assert refused.take(rows, masks).to_pylist() == [{"id": "c"}]
    assert refused.take(rows, [(np.zeros(3, bool), "none")]) == rows
    assert (refused.rows, dict(refused.reasons)) == (2, {"one": 1, "two": 1})
    assert refused.examples == [("a", "one"), ("b", "two")]
