"""Take nested columns apart, and put them together again with other values inside."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields import nested_types, time_zones


class Checked(NamedTuple):
    """A column, and which of its values are wrong: bool [rows]."""

    column: pa.Array
    wrong: np.ndarray


Convert = Callable[[pa.Array], Checked]


def plain(column: pa.Array) -> pa.Array:
    """Return a column as leaves take it.

    It has no dictionary, no extension type unless a leaf needs it, and no unknown time zone.
    """
    if pa.types.is_dictionary(column.type):
        return plain(column.dictionary.take(column.indices))
    if isinstance(column.type, pa.Bool8Type):
        return column.cast(pa.bool_())
    if isinstance(column.type, pa.BaseExtensionType) and not isinstance(column.type, pa.UuidType):
        return plain(column.storage)
    return time_zones.with_known(column)


def no_wrong(column: pa.Array) -> Checked:
    """Return a column of which no value is wrong."""
    return Checked(column, np.zeros(len(column), bool))


def all_wrong(column: pa.Array, type_: pa.DataType) -> Checked:
    """Return nulls in place of a column of which every value is wrong."""
    return Checked(pa.nulls(len(column), type_), valid(column))


def valid(column: pa.Array) -> np.ndarray:
    """Return which rows of a column have a value, bool [rows]."""
    rows: np.ndarray = column.is_valid().to_numpy(zero_copy_only=False)
    return rows


def rebuild_list(column: pa.Array, convert: Convert) -> Checked:
    """Convert the values of lists of any kind; a list with a wrong value is wrong."""
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy().astype(np.int64)
    values, wrong = convert(column.flatten())
    offsets = _offsets(lengths)
    built = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=_nulls(column))
    return Checked(built, _any_of_row(wrong, lengths))


def rebuild_struct(column: pa.StructArray, by_name: dict[str, Convert]) -> Checked:
    """Build structs of some children, each converted; nulls take the place of absent children.

    A struct with a child of another name, which would be lost, is wrong.
    """
    children = dict(zip([field.name for field in column.type], column.flatten(), strict=True))
    nothing = pa.nulls(len(column))
    built = {name: convert(children.get(name, nothing)) for name, convert in by_name.items()}
    wrong = np.zeros(len(column), bool)
    for one in built.values():
        wrong |= one.wrong
    for name in children.keys() - built.keys():
        wrong |= valid(children[name])
    arrays = [one.column for one in built.values()]
    fields = [pa.field(name, one.column.type) for name, one in built.items()]
    return Checked(pa.StructArray.from_arrays(arrays, fields=fields, mask=_nulls(column)), wrong)


def rebuild_map(column: pa.MapArray, convert_key: Convert, convert_item: Convert) -> Checked:
    """Convert the keys and the items of maps; a null takes the place of a map with a wrong key."""
    pairs = pa.StructArray.from_arrays([column.keys, column.items], ["key", "item"])
    # Arrow does not take the offsets of a slice together with nulls.
    offsets = pa.array(column.offsets.to_numpy())
    lists = pa.ListArray.from_arrays(offsets, pairs, mask=_nulls(column))
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    keys, items = lists.flatten().flatten()
    key, item = convert_key(keys), convert_item(items)
    bad_keys = _any_of_row(~valid(key.column), lengths)
    wrong = _any_of_row(key.wrong | item.wrong, lengths) | bad_keys
    if bad_keys.any():
        kept = column.filter(pa.array(~bad_keys))
        rebuilt = rebuild_map(kept, convert_key, convert_item).column
        places = np.cumsum(~bad_keys) - 1
        return Checked(rebuilt.take(pa.array(places, mask=bad_keys)), wrong)
    starts = pa.array(_offsets(lengths), pa.int32())
    built = pa.MapArray.from_arrays(starts, key.column, item.column, mask=_nulls(column))
    return Checked(built, wrong)


def is_nested(type_: pa.DataType) -> bool:
    """Return whether an Arrow type is a list, a struct or a map."""
    return bool(nested_types.is_list(type_) or pa.types.is_struct(type_) or pa.types.is_map(type_))


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)])


def _nulls(column: pa.Array) -> pa.Array:
    return column.is_null()


def _any_of_row(wrong: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return which rows have a wrong value."""
    if not wrong.any():
        return np.zeros(len(lengths), bool)
    rows = np.repeat(np.arange(len(lengths)), lengths)[wrong]
    return np.bincount(rows, minlength=len(lengths)).astype(bool)
