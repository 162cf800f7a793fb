"""Convert columns of Arrow to a nested type, with a look at every value within."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields import nested_types, nesting
from transforms.fields.nested_types import Leaf, ListOf, MapOf, NestedType, StructOf
from transforms.fields.nesting import Checked

# Converts a column to one of `features.FIELD_TYPES`.
ConvertLeaf = Callable[[pa.Array, str], Checked]


def to_nested(column: pa.Array, type_: NestedType, convert_leaf: ConvertLeaf) -> Checked:
    """Convert a column.

    Args:
        column: of any type.
        type_: the type to convert to.
        convert_leaf: converts a column without lists, structs and maps.

    Returns:
        a column of `type_.arrow`, and the rows that have a value which that type does not hold.
    """
    column = nesting.plain(column)
    if pa.types.is_null(column.type):
        return nesting.no_wrong(pa.nulls(len(column), type_.arrow))

    def within(child: NestedType) -> nesting.Convert:
        return lambda values: to_nested(values, child, convert_leaf)

    if isinstance(type_, ListOf) and nested_types.is_list(column.type):
        converted = nesting.rebuild_list(column, _of_list(type_, within(type_.item)))
    elif isinstance(type_, StructOf) and pa.types.is_struct(column.type):
        converted = nesting.rebuild_struct(
            column, {name: within(child) for name, child in type_.children}
        )
    elif isinstance(type_, MapOf) and pa.types.is_map(column.type):
        converted = nesting.rebuild_map(column, within(type_.key), within(type_.item))
    elif isinstance(type_, Leaf) and not nesting.is_nested(column.type):
        converted = _leaf(column, type_, convert_leaf)
    else:
        converted = nesting.all_wrong(column, type_.arrow)
    return converted


def _of_list(type_: ListOf, convert: nesting.Convert) -> nesting.Convert:
    """Return the conversion of the values of a list, of which nulls may be wrong."""

    def convert_values(values: pa.Array) -> Checked:
        converted, wrong = convert(values)
        return Checked(converted, wrong | ~nesting.valid(values) if type_.not_null else wrong)

    return convert_values


def _leaf(column: pa.Array, type_: Leaf, convert_leaf: ConvertLeaf) -> Checked:
    if not type_.is_of_arrow:
        return convert_leaf(column, type_.name)
    if column.type == type_.arrow:
        return nesting.no_wrong(column)
    if not (pa.types.is_integer(column.type) and pa.types.is_integer(type_.arrow)):
        return nesting.all_wrong(column, type_.arrow)
    narrow = pc.cast(column, type_.arrow, safe=False)
    same = pc.fill_null(pc.equal(pc.cast(narrow, column.type, safe=False), column), True)
    # The bits of a negative number and of a large unsigned one may be the same.
    same = pc.and_(same, pc.fill_null(pc.equal(_is_negative(narrow), _is_negative(column)), True))
    wrong = ~same.to_numpy(zero_copy_only=False)
    nothing = pa.scalar(None, type_.arrow)
    return Checked(pc.if_else(same, narrow, nothing), np.asarray(wrong))


def _is_negative(column: pa.Array) -> pa.Array:
    return pc.less(column, pa.scalar(0, column.type))
