"""What is parsed at once is compared with what was written, and with protobuf."""

from collections.abc import Sequence
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import tensorflow as tf
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.records.test_wire import KINDS, columns_of, tables
from transforms.records import wire, wire_reader

BYTES = pa.large_binary()

Table = dict[str, tuple[str, list[list[Any]]]]


def block_of(records: Sequence[bytes]) -> wire_reader.Block:
    """Put records into one buffer, with other bytes between them as in a file."""
    ends = np.cumsum([3 + len(record) for record in records], dtype=np.int64)
    data = b"".join(b"\xff\xff\xff" + record for record in records) + b"\xff"
    starts = ends - np.array([len(record) for record in records], np.int64)
    return wire_reader.Block(np.frombuffer(data, np.uint8), starts, ends)


def types_of(table: Table) -> dict[str, pa.DataType]:
    return {name: KINDS[kind][0] for name, (kind, _) in table.items()}


@settings(deadline=None, max_examples=50)
@given(tables())
def test_what_was_written_is_parsed(table: Table) -> None:
    columns = columns_of(table)
    records = wire.serialize(columns).to_pylist()
    parsed = wire_reader.parse(block_of(records), types_of(table))
    assert parsed is not None
    # The texts are compared, since NaN is not equal to itself.
    assert repr(parsed.to_pydict()) == repr(columns.to_pydict())
    names = [*table][:1]
    some = wire_reader.parse(block_of(records), {**types_of(table), "absent": pa.int64()})
    assert some is not None
    assert some.select(names).equals(parsed.select(names)) or "nan" in repr(some.to_pydict())
    assert some.column("absent").null_count == len(records)


@settings(deadline=None, max_examples=20)
@given(tables())
def test_long_ranges_are_parsed_as_short_ones(table: Table) -> None:
    records = wire.serialize(columns_of(table)).to_pylist()
    short = wire_reader.parse(block_of(records), types_of(table))
    with mock.patch.object(wire_reader, "_LONG_SLICE", 0):
        long = wire_reader.parse(block_of(records), types_of(table))
    assert short is not None
    assert long is not None
    assert repr(long.to_pydict()) == repr(short.to_pydict())


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from([1, 64, 1 << 20]), st.data())
def test_ranges_of_one_length_are_parsed_as_others(
    rows: int, width: int, at_once: int, data: st.DataObject
) -> None:
    vectors = np.arange(rows * width, dtype=np.float32)
    texts = data.draw(st.lists(st.binary(max_size=5), min_size=rows, max_size=rows))
    columns = pa.RecordBatch.from_pydict(
        {
            "a": pa.LargeListArray.from_arrays(np.arange(rows + 1), pa.array(texts, BYTES)),
            "b": pa.LargeListArray.from_arrays(np.arange(rows + 1) * width, pa.array(vectors)),
        }
    )
    types = {"a": BYTES, "b": pa.float32()}
    block = block_of(wire.serialize(columns).to_pylist())
    with (
        mock.patch.object(wire_reader, "_SHORT_SLICE", 1),
        mock.patch.object(wire_reader, "_CACHED_BYTES", at_once),
    ):
        parsed = wire_reader.parse(block, types)
    assert parsed is not None
    assert parsed.to_pydict() == columns.to_pydict()


def values_by_protobuf(record: bytes, name: str) -> tuple[str | None, list[Any]]:
    feature = tf.train.Example.FromString(record).features.feature
    if name not in feature:
        return None, []
    kind = feature[name].WhichOneof("kind")
    return kind, list(getattr(feature[name], kind).value) if kind else []


@settings(deadline=None, max_examples=100)
@given(tables(), st.data())
def test_damaged_records_are_parsed_as_protobuf_parses_them_or_not_at_all(
    table: Table, data: st.DataObject
) -> None:
    records = wire.serialize(columns_of(table)).to_pylist()
    for _ in range(data.draw(st.integers(1, 3)) if records else 0):
        row = data.draw(st.integers(0, len(records) - 1))
        place = data.draw(st.integers(0, len(records[row])))
        removed = data.draw(st.integers(0, 2))
        new = data.draw(st.binary(max_size=2))
        records[row] = records[row][:place] + new + records[row][place + removed :]
    parsed = wire_reader.parse(block_of(records), types_of(table))
    for name, (kind, _) in table.items() if parsed is not None else ():
        for row, record in enumerate(records):
            try:
                expected = values_by_protobuf(record, name)
            except DecodeError:
                # A name that nobody asked for is not UTF-8.
                continue
            value = parsed.column(name)[row].as_py()
            assert repr((kind if value is not None else None, value or [])) == repr(expected)


def test_other_layouts_are_left_to_a_general_parser() -> None:
    one = tf.train.Example()
    one.features.feature["a"].int64_list.value.extend([1, 2])
    one.features.feature["b"].int64_list.value.extend([3])
    in_order = b"".join(
        tf.train.Features(feature={name: one.features.feature[name]}).SerializeToString()
        for name in "ab"
    )
    turned = in_order[len(in_order) // 2 + 1 :] + in_order[: len(in_order) // 2 + 1]
    head = bytes([0x0A, len(in_order)])
    types = {"a": pa.int64(), "b": pa.int64()}
    parsed = wire_reader.parse(block_of([head + in_order] * 2), types)
    assert parsed is not None
    assert parsed.to_pydict() == {"a": [[1, 2]] * 2, "b": [[3]] * 2}
    assert wire_reader.parse(block_of([head + in_order, head + turned]), types) is None
    twice = bytes([0x0A, 2 * len(in_order)]) + in_order * 2
    assert wire_reader.parse(block_of([twice]), types) is None
    assert wire_reader.parse(block_of([head + in_order]), {"a": pa.float32()}) is None
    nothing = wire_reader.Block(np.zeros(0, np.uint8), np.zeros(1, np.int64), np.zeros(1, np.int64))
    assert wire_reader.parse(nothing, types) is None
