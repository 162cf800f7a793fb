"""Columns of examples as numpy arrays: one value, one vector, or one row of values a token."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import list_offsets
from transforms.documents import ID
from transforms.features import (
    ACCOUNT,
    FIELDS_OF_TOKENS,
    INPUT_IDS,
    OFFSETS,
    SEGMENT_IDS,
    TOKEN_FEATURES,
    TOKENS,
)
from transforms.machine.array_memory import new_array
from transforms.records.output_format import RecordReader
from transforms.records.record_content import SEQUENCE

# Characters of an id that messages show.
_MOST_SHOWN = 200
_TOKEN_WIDTHS = {INPUT_IDS: 0, SEGMENT_IDS: 0, TOKENS: 0, OFFSETS: 2, FIELDS_OF_TOKENS: 0}


class ColumnKind(NamedTuple):
    """The kind of a column.

    Attributes:
        dtype: of the values; object for bytes.
        shape: of what a document has, or a token if `ragged`: () or (width,).
        ragged: whether a document has values for each of its tokens.
        optional: whether a document may have no value, as of a kept field. A list without values is
            a ragged row of length 0.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    ragged: bool = False
    optional: bool = False


class Ragged(NamedTuple):
    """A column with several rows of values for each document.

    Attributes:
        values: [rows, ...], those of all documents.
        splits: int64 [documents + 1], where in `values` each document begins; the last one ends.
    """

    values: np.ndarray
    splits: np.ndarray


Column = np.ndarray | Ragged
Columns = dict[str, Column]


def kinds_of(reader: RecordReader, family: str) -> dict[str, ColumnKind]:
    """Return the kind of each column of a family.

    Raises:
        ValueError: the schema does not have the width of a vector.
    """
    return {name: _kind(reader, family, name) for name in reader.types}


def _kind(reader: RecordReader, family: str, name: str) -> ColumnKind:
    type_ = reader.types[name]
    dtype = np.dtype(object if pa.types.is_large_binary(type_) else type_.to_pandas_dtype())
    if name in reader.vectors:
        width = reader.vectors[name][1]
        if width < 1:
            raise ValueError(
                f"the schema has no width of {name}: run the same embed again, which adds it"
            )
        return ColumnKind(dtype, (width,), ragged=name in TOKEN_FEATURES)
    if family == SEQUENCE and name in _TOKEN_WIDTHS:
        width = _TOKEN_WIDTHS[name]
        return ColumnKind(dtype, (width,) if width else (), ragged=True)
    if name in reader.lists:
        return ColumnKind(dtype, (), ragged=True, optional=True)
    return ColumnKind(dtype, (), optional=name not in (ID, *ACCOUNT))


def to_columns(
    batch: pa.RecordBatch,
    kinds: Mapping[str, ColumnKind],
    missing: Mapping[str, Any],
    rows: np.ndarray | None = None,
) -> Columns:
    """Convert the columns of `RecordReader.read` that have a kind.

    Args:
        batch: the records.
        kinds: of the wanted columns.
        missing: the value of documents that have none, by column.
        rows: int64, the numbers of the wanted documents; None for all.

    Raises:
        ValueError: a document has no value, or another number of values than its kind needs.
    """
    optional = [name for name, kind in kinds.items() if kind.optional]
    kept = batch.select([ID, *optional])
    kept = kept if rows is None else kept.take(pa.array(rows))
    columns: Columns = {}
    for name, kind in kinds.items():
        if kind.optional:
            columns[name] = _kept(kept, name, kind, missing)
            continue
        column = _column(batch, name, kind)
        # Arrow would take the values of a vector one by one.
        columns[name] = column if rows is None else _take(column, rows)
    return columns


def _kept(batch: pa.RecordBatch, name: str, kind: ColumnKind, missing: Mapping[str, Any]) -> Column:
    return _lists(batch, name) if kind.ragged else _single_values(batch, name, kind, missing)


def _column(batch: pa.RecordBatch, name: str, kind: ColumnKind) -> Column:
    lists = batch.column(name)
    if lists.null_count:
        raise ValueError(f"a record has no {name}")
    offsets, values = list_offsets(lists), _values(lists.flatten())
    width = kind.shape[0] if kind.shape else 1
    if kind.ragged:
        if (offsets % width).any():
            raise ValueError(f"{name} of a record does not have {width} values for each token")
        return Ragged(values.reshape(-1, *kind.shape), offsets // width)
    if (np.diff(offsets) != width).any():
        raise ValueError(f"a record does not have {width} values of {name}")
    return values.reshape(-1, *kind.shape)


def _lists(batch: pa.RecordBatch, name: str) -> Ragged:
    """Return the lists of each document; one without a list has no values."""
    column = batch.column(name)
    values = column.flatten()
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    splits = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    if values.null_count:
        place = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
        row = int(np.searchsorted(splits, place, side="right")) - 1
        raise ValueError(
            f"{name} of document {_id_of(batch, row)} has a null: leave {name} out of columns"
        )
    return Ragged(_values(values), splits)


def _id_of(batch: pa.RecordBatch, row: int) -> str:
    return repr(batch.column(ID)[row].as_py()[0].decode("utf-8", "replace")[:_MOST_SHOWN])


def _values(values: pa.Array) -> np.ndarray:
    """Return an array over the memory of numbers; TensorFlow copies one that is read-only."""
    type_, (*_, memory) = values.type, values.buffers()
    is_number = pa.types.is_floating(type_) or pa.types.is_integer(type_)
    if is_number and memory is not None and not values.null_count:
        dtype = np.dtype(type_.to_pandas_dtype())
        return np.frombuffer(memory, dtype, len(values), values.offset * dtype.itemsize)
    array: np.ndarray = values.to_numpy(zero_copy_only=False)
    return array


def _single_values(
    batch: pa.RecordBatch, name: str, kind: ColumnKind, missing: Mapping[str, Any]
) -> np.ndarray:
    """Return the value of each document, or that of `missing`."""
    counts = pc.fill_null(pc.list_value_length(batch.column(name)), 0).to_numpy()
    if (counts > 1).any():
        raise ValueError(f"a record has more than one {name}")
    absent = np.flatnonzero(counts == 0)
    if len(absent) and name not in missing:
        id_ = _id_of(batch, int(absent[0]))
        raise ValueError(
            f"document {id_} has no {name}: state a value for such documents by "
            f"missing={{{name!r}: ...}}, or leave {name} out of columns"
        )
    column = np.empty(batch.num_rows, kind.dtype)
    column[counts == 1] = _values(batch.column(name).flatten())
    if len(absent):
        column[absent] = _as_stored(missing[name])
    return column


def check_missing(kinds: Mapping[str, ColumnKind], missing: Mapping[str, Any]) -> None:
    """Raise ValueError for a value of `missing` that would change its column, or have no effect."""
    for name, value in missing.items():
        if kinds[name].optional and kinds[name].ragged:
            raise ValueError(f"missing names {name}, a list, which may be empty: leave it out")
        if not kinds[name].optional:
            raise ValueError(f"missing names {name}, which every document has: leave it out")
        if not _fits(value, kinds[name].dtype):
            kind = "str or bytes" if kinds[name].dtype == object else kinds[name].dtype
            raise ValueError(f"missing has {value!r} for {name}, whose values are {kind}")


def _fits(value: Any, dtype: np.dtype) -> bool:
    if dtype.kind == "O":
        return isinstance(value, str | bytes)
    if not np.isscalar(value) or not np.can_cast(np.min_scalar_type(value), dtype, "same_kind"):
        return False
    # mypy would take a scalar for text too.
    number: Any = value
    if dtype.kind == "i":
        limits = np.iinfo(dtype)
        return bool(limits.min <= number <= limits.max)
    with np.errstate(over="ignore"):
        return bool(np.isfinite(dtype.type(number)) or not np.isfinite(number))


def _as_stored(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def rows_of(columns: Columns) -> int:
    """Return the number of documents."""
    column = next(iter(columns.values()))
    return len(column.splits) - 1 if isinstance(column, Ragged) else len(column)


def bytes_of(columns: Columns) -> int:
    """Return the bytes of the arrays, with those of their texts."""
    arrays = [one.values if isinstance(one, Ragged) else one for one in columns.values()]
    texts = (array.tolist() for array in arrays if array.dtype == object)
    return sum(array.nbytes for array in arrays) + sum(sum(map(sys.getsizeof, t)) for t in texts)


def cut(columns: Columns, start: int, end: int) -> Columns:
    """Return the documents of a range, without copying."""
    return {name: _cut(column, start, end) for name, column in columns.items()}


def _cut(column: Column, start: int, end: int) -> Column:
    if not isinstance(column, Ragged):
        return column[start:end]
    splits = column.splits[start : end + 1]
    return Ragged(column.values[splits[0] : splits[-1]], splits - splits[0])


def take(columns: Columns, rows: np.ndarray) -> Columns:
    """Return documents by their numbers."""
    return {name: _take(column, rows) for name, column in columns.items()}


def _take(column: Column, rows: np.ndarray) -> Column:
    if not isinstance(column, Ragged):
        return _take_rows(column, rows)
    lengths = np.diff(column.splits)[rows]
    splits = np.concatenate([[0], np.cumsum(lengths)])
    # The place of each row of values: that of its document, and its number there.
    places = np.repeat(column.splits[:-1][rows] - splits[:-1], lengths) + np.arange(splits[-1])
    return Ragged(_take_rows(column.values, places), splits)


def _take_rows(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    taken = new_array((len(rows), *array.shape[1:]), array.dtype)
    # With the mode "raise" numpy copies twice.
    return np.take(array, rows, axis=0, out=taken, mode="clip")


def join(pieces: Sequence[Columns]) -> Columns:
    """Concatenate the documents of pieces of the same columns."""
    if len(pieces) == 1:
        return pieces[0]
    return {name: _join([piece[name] for piece in pieces]) for name in pieces[0]}


def _join(columns: Sequence[Column]) -> Column:
    ragged = [column for column in columns if isinstance(column, Ragged)]
    if not ragged:
        return _join_rows([column for column in columns if not isinstance(column, Ragged)])
    values = _join_rows([column.values for column in ragged])
    lengths = np.concatenate([np.diff(column.splits) for column in ragged])
    return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]))


def _join_rows(arrays: Sequence[np.ndarray]) -> np.ndarray:
    shape = (sum(map(len, arrays)), *arrays[0].shape[1:])
    return np.concatenate(arrays, out=new_array(shape, arrays[0].dtype))
