"""Columns of kept fields with a value or a list a record, in the types that the fields have."""

import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import list_offsets
from transforms.fields import COLUMN_TYPES, KeptField

# In memory: batches are far smaller than what 32-bit offsets can address.
_TEXT = pa.string()


def type_of(values: pa.DataType, field: KeptField | None) -> pa.DataType:
    """Return the type of a field's column.

    Args:
        values: the type of the values in `RecordReader.types`: bytes for text and times.
        field: as the job declares it; None if it does not, and then bytes are taken for text.
    """
    if field is not None and not pa.types.is_nested(field.columns.parquet):
        return field.columns.parquet
    return _undeclared(values)


def list_type(values: pa.DataType, field: KeptField | None) -> pa.DataType:
    """Return the type of the column of a field that is a list of scalars; see `type_of`."""
    if field is not None and field.scalars in COLUMN_TYPES:
        return pa.list_(COLUMN_TYPES[field.scalars].parquet)
    is_fixed = field is not None and field.scalars.startswith("fixed_size_binary")
    # Readers return other types of Arrow, such as times and decimals, as text.
    return pa.list_(pa.binary() if is_fixed else _undeclared(values))


def _undeclared(values: pa.DataType) -> pa.DataType:
    return _TEXT if pa.types.is_large_binary(values) else values


def listed_values(lists: pa.LargeListArray, type_: pa.ListType) -> pa.ListArray:
    """Return lists with their values in the type of a column.

    Raises:
        ValueError: the type does not hold a value.
    """
    offsets = pa.array(list_offsets(lists), pa.int32())
    return pa.ListArray.from_arrays(offsets, _converted(lists.flatten(), type_.value_type))


def single_values(lists: pa.LargeListArray, type_: pa.DataType) -> pa.Array:
    """Return the one value of each list; null for an empty list.

    >>> texts = pa.array([[b"a"], []], pa.large_list(pa.large_binary()))
    >>> single_values(texts, pa.string()).to_pylist()
    ['a', None]

    Raises:
        ValueError: a list has more than one value, or one that the type does not hold.
    """
    counts = pc.fill_null(pc.list_value_length(lists), 0)
    values = lists.flatten()
    if len(values) != len(lists) or pc.any(pc.not_equal(counts, 1)).as_py():
        if pc.any(pc.greater(counts, 1)).as_py():
            raise ValueError("a record has more than one value")
        places = pc.subtract(pc.cumulative_sum(counts), 1)
        values = values.take(pc.if_else(pc.equal(counts, 1), places, None))
    return _converted(values, type_)


def _converted(values: pa.Array, type_: pa.DataType) -> pa.Array:
    is_text_of_time = pa.types.is_temporal(type_) and pa.types.is_large_binary(values.type)
    return (values.cast(pa.large_string()) if is_text_of_time else values).cast(type_)
