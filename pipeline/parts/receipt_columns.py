"""Receipts as columns of Arrow: a thousand take half a megabyte, and their sums no Python object.

Counts, reasons and seconds are lists of numbers, beside the list of their names as JSON, of which a
job has a few: so they keep their order. Strings that many receipts share are dictionaries.
"""

import functools
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from pipeline.parts.packed_text import pack_hash, pack_path, unpack_hash, unpack_path
from transforms.receipts import Member, Receipt, WrittenFile

_SHARED = pa.dictionary(pa.int32(), pa.string())
_FILE = pa.struct(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("sha256", pa.binary(), nullable=False),
    ]
)


def _list_of(type_: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("item", type_, nullable=False))


# The columns of numbers by name; the names of the numbers are in `names_of`.
COUNTS, REASONS, SECONDS = NUMBERS = ("counts", "reasons", "seconds")
_NUMBER_TYPES = {COUNTS: pa.int64(), REASONS: pa.int64(), SECONDS: pa.float64()}


def names_of(numbers: str) -> str:
    """Return the column that has the names of the numbers of a column."""
    return f"{numbers}_names"


SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("source", _SHARED, nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("last", pa.bool_(), nullable=False),
        pa.field("key", pa.binary(), nullable=False),
        *(
            field
            for numbers, type_ in _NUMBER_TYPES.items()
            for field in (
                pa.field(names_of(numbers), _SHARED, nullable=False),
                pa.field(numbers, _list_of(type_), nullable=False),
            )
        ),
        pa.field("files", _list_of(_FILE), nullable=False),
        pa.field("worker", _SHARED, nullable=False),
        pa.field("finished", pa.float64(), nullable=False),
        pa.field("members", pa.string(), nullable=False),
        pa.field("machine", _SHARED, nullable=False),
        pa.field("documents_sha256", pa.binary(), nullable=False),
    ]
)
_MEMBERS = msgspec.json.Decoder(tuple[Member, ...])


def encode(receipts: Sequence[Receipt]) -> pa.RecordBatch:
    """Return the columns of receipts; `decode` returns the receipts."""
    numbers = {
        name: column
        for kind, type_ in _NUMBER_TYPES.items()
        for name, column in _numbers(kind, type_, receipts).items()
    }
    columns = {
        "name": [receipt.name for receipt in receipts],
        "start": [receipt.start for receipt in receipts],
        "end": [receipt.end for receipt in receipts],
        "last": [receipt.last for receipt in receipts],
        "key": [pack_hash(receipt.key) for receipt in receipts],
        "finished": [receipt.finished for receipt in receipts],
        "members": [_members_text(receipt.members) for receipt in receipts],
        "documents_sha256": [pack_hash(receipt.documents_sha256) for receipt in receipts],
    }
    arrays = {
        **{name: pa.array(values, SCHEMA.field(name).type) for name, values in columns.items()},
        **{name: _shared(getattr(receipt, name) for receipt in receipts) for name in _TEXTS},
        **numbers,
        "files": _files(receipts),
    }
    return pa.RecordBatch.from_arrays([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


# The fields of receipts that are dictionaries.
_TEXTS = ("source", "worker", "machine")


def _shared(texts: Iterable[str]) -> pa.Array:
    return pa.array(list(texts), pa.string()).dictionary_encode()


def _offsets(lengths: Iterable[int]) -> pa.Array:
    return pa.array([0, *itertools.accumulate(lengths)], pa.int32())


def _numbers(kind: str, type_: pa.DataType, receipts: Sequence[Receipt]) -> dict[str, pa.Array]:
    named: list[Mapping[str, float]] = [getattr(receipt, kind) for receipt in receipts]
    values = pa.array([value for one in named for value in one.values()], type_)
    return {
        names_of(kind): _shared(_names_text(tuple(one)) for one in named),
        kind: pa.ListArray.from_arrays(
            _offsets(map(len, named)), values, type=SCHEMA.field(kind).type
        ),
    }


@functools.lru_cache(1000)
def _names_text(names: tuple[str, ...]) -> str:
    return json.dumps(names)


@functools.lru_cache(1000)
def names_in(text: str) -> tuple[str, ...]:
    """Return the names of numbers; equal names are one object, which a million receipts share."""
    return tuple(map(sys.intern, json.loads(text)))


def _members_text(members: Sequence[Member]) -> str:
    return msgspec.json.encode([one.as_json for one in members]).decode() if members else ""


def members_in(text: str) -> tuple[Member, ...]:
    """Return the files of a part of several files."""
    return _MEMBERS.decode(text) if text else ()


def _files(receipts: Sequence[Receipt]) -> pa.Array:
    files = [(file, receipt.name) for receipt in receipts for file in receipt.files]
    columns = [
        pa.array([pack_path(file.path, name) for file, name in files], pa.string()),
        pa.array([file.records for file, _ in files], pa.int64()),
        pa.array([file.bytes for file, _ in files], pa.int64()),
        pa.array([pack_hash(file.sha256) for file, _ in files], pa.binary()),
    ]
    structs = pa.StructArray.from_arrays(columns, fields=list(_FILE))
    offsets = _offsets(len(receipt.files) for receipt in receipts)
    return pa.ListArray.from_arrays(offsets, structs, type=SCHEMA.field("files").type)


def decode(batch: pa.RecordBatch) -> list[Receipt]:
    """Return the receipts of columns that `encode` made.

    Raises:
        ValueError: the numbers of a receipt contradict each other.
    """
    rows = (values_of(batch, name) for name in _FIELDS)
    return [Receipt(**dict(zip(_FIELDS, row, strict=True))) for row in zip(*rows, strict=True)]


_FIELDS = tuple(name for name in SCHEMA.names if not name.endswith("_names"))


def values_of(batch: pa.RecordBatch, field: str) -> Iterator[Any]:
    """Yield the values that a field has in the receipts of a batch.

    Args:
        batch: its column and, of numbers, that of their names; of files, that of `name`.
        field: one of receipts.
    """
    return _READERS.get(field, _read_plain)(batch, field)


def _read_plain(batch: pa.RecordBatch, field: str) -> Iterator[Any]:
    return iter(batch.column(field).to_pylist())


def _read_shared(batch: pa.RecordBatch, field: str) -> Iterator[str]:
    column = batch.column(field)
    texts = [sys.intern(text) for text in column.dictionary.to_pylist()]
    return (texts[code] for code in column.indices.to_pylist())


def _read_hash(batch: pa.RecordBatch, field: str) -> Iterator[str]:
    return map(unpack_hash, batch.column(field).to_pylist())


def _read_numbers(batch: pa.RecordBatch, field: str) -> Iterator[dict[str, Any]]:
    column = batch.column(field)
    offsets = column.offsets.to_pylist()
    values = column.values.to_pylist()
    shapes = map(names_in, _read_shared(batch, names_of(field)))
    for names, begin, end in zip(shapes, offsets, offsets[1:], strict=False):
        yield dict(zip(names, values[begin:end], strict=True))


def _read_members(batch: pa.RecordBatch, field: str) -> Iterator[tuple[Member, ...]]:
    return map(members_in, batch.column(field).to_pylist())


def _read_files(batch: pa.RecordBatch, field: str) -> Iterator[tuple[WrittenFile, ...]]:
    column = batch.column(field)
    offsets = column.offsets.to_pylist()
    paths, records, sizes, hashes = (child.to_pylist() for child in column.values.flatten())
    names = batch.column("name").to_pylist()
    for name, begin, end in zip(names, offsets, offsets[1:], strict=False):
        yield tuple(
            WrittenFile(
                unpack_path(paths[row], name), records[row], sizes[row], unpack_hash(hashes[row])
            )
            for row in range(begin, end)
        )


_READERS: dict[str, Callable[[pa.RecordBatch, str], Iterator[Any]]] = {
    **dict.fromkeys(_TEXTS, _read_shared),
    **dict.fromkeys(("key", "documents_sha256"), _read_hash),
    **dict.fromkeys(NUMBERS, _read_numbers),
    "members": _read_members,
    "files": _read_files,
}


def file_counts(batch: pa.RecordBatch) -> np.ndarray:
    """Return the number of files of each receipt, int64 [rows]."""
    lengths: np.ndarray = np.diff(batch.column("files").offsets.to_numpy()).astype(np.int64)
    return lengths


def compact(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows of a batch alone, if it is a slice of another one."""
    columns = [
        column.cast(pa.string()).dictionary_encode() if field.type == _SHARED else column
        for field, column in zip(batch.schema, pa.concat_batches([batch]).columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
