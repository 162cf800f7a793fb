"""Equal records have equal digests, and others do not."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.changes.record_digests import hash_ids, hash_records

TEXTS, NUMBERS = pa.large_list(pa.large_binary()), pa.large_list(pa.float32())


def batch_of(*rows: dict[str, Any]) -> pa.RecordBatch:
    schema = pa.schema([("id", TEXTS), ("tags", TEXTS), ("mean", NUMBERS)])
    return pa.RecordBatch.from_pylist(list(rows), schema)


def row(**values: Any) -> dict[str, Any]:
    return {"id": [b"a"], "tags": [b"x", b"yz"], "mean": [1.0, 2.0]} | values


@pytest.mark.parametrize(
    "values",
    [
        {"id": [b"b"]},
        {"tags": [b"xy", b"z"]},
        {"tags": [b"xyz"]},
        {"tags": [b"x", b"yz", b""]},
        {"tags": [b"x", None, b"yz"]},
        {"tags": []},
        {"tags": None},
        {"mean": [1.0, np.nextafter(np.float32(2), np.float32(3))]},
        {"mean": [1.0, None]},
        {"mean": [1.0]},
        {"mean": [1.0, -0.0]},
    ],
)
def test_other_records_have_other_digests(values: dict[str, Any]) -> None:
    batch = batch_of(row(), row(**values), row(), row(**values), row(mean=[1.0, 0.0]))
    digests = hash_records(batch, "pooled").tolist()
    assert digests[0] == digests[2]
    assert digests[1] == digests[3]
    assert digests[1] not in (digests[0], digests[4])


def test_nulls_and_empty_values_differ() -> None:
    values = [row(tags=one) for one in (None, [], [None], [b""], [b"", None], [None, b""])]
    digests = hash_records(batch_of(*values), "pooled")
    assert len({tuple(one) for one in digests.tolist()}) == len(values)


def test_digests_do_not_depend_on_the_batch() -> None:
    rows = [row(id=[name], tags=tags) for name, tags in ((b"a", [b"", None]), (b"b", [b"t"]))]
    whole = batch_of(row(), *rows)
    alone = [hash_records(batch_of(one), "pooled")[0].tolist() for one in rows]
    assert hash_records(whole.slice(1), "pooled").tolist() == alone
    assert hash_records(whole, "pooled")[1:].tolist() == alone
    assert hash_ids(whole.slice(1)).tolist() == hash_ids(whole)[1:].tolist()
    assert hash_records(whole, "sequence").tolist() != hash_records(whole, "pooled").tolist()
    assert len(hash_records(batch_of(), "pooled")) == 0
