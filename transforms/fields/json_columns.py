"""Write the values of a column of any type as JSON."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields import arrow_types, json_text, nested_types, nesting, temporal_text
from transforms.fields.nesting import Checked
from transforms.fields.utf8_columns import decode_utf8

_TEMPORAL = (arrow_types.DAY, arrow_types.MOMENT, arrow_types.TIME, arrow_types.DURATION)
_FLOATS = (arrow_types.NARROW_FLOAT, arrow_types.DOUBLE)


def to_json(column: pa.Array) -> Checked:
    """Write each value as JSON.

    Maps with keys of text are objects, other maps lists of pairs. Times are text in ISO 8601,
    decimals and floats are numbers with all their digits, UUIDs text.

    Args:
        column: of a type that `arrow_types.kind_of` knows.

    Returns:
        large_string; null for what JSON does not have: NaN, bytes that are not UTF-8, a map with a
        key twice.
    """
    return _write(*_prepare(column, _finite_leaf), json_text.write)


def to_text(column: pa.Array) -> Checked:
    """Write each value as `to_json` does, and NaN and infinities as Python does."""
    return _write(*_prepare(column, _leaf), json_text.write_all)


def _write(column: pa.Array, wrong: np.ndarray, write: Callable[[Any], str]) -> Checked:
    shape = _shape(column.type)
    texts: list[str | None] = []
    for row, value in enumerate(column.to_pylist()):
        try:
            hidden = value is None or wrong[row]
            texts.append(None if hidden else write(shape(value)))
        except ValueError:
            texts.append(None)
            wrong[row] = True
    return Checked(pa.array(texts, pa.large_string()), wrong)


def _prepare(column: pa.Array, leaf: nesting.Convert) -> Checked:
    """Replace the leaves that are no values of JSON by text."""
    column = nesting.plain(column)

    def within(values: pa.Array) -> Checked:
        return _prepare(values, leaf)

    if nested_types.is_list(column.type):
        return nesting.rebuild_list(column, within)
    if pa.types.is_struct(column.type):
        names = [field.name for field in column.type]
        return nesting.rebuild_struct(column, dict.fromkeys(names, within))
    if pa.types.is_map(column.type):
        return nesting.rebuild_map(column, within, within)
    return leaf(column)


def _finite_leaf(column: pa.Array) -> Checked:
    """Convert a leaf; NaN and infinities are wrong."""
    converted, wrong = _leaf(column)
    if pa.types.is_float64(converted.type):
        wrong = ~np.isfinite(pc.fill_null(converted, 0.0).to_numpy())
    return Checked(converted, wrong)


def _leaf(column: pa.Array) -> Checked:
    kind = arrow_types.kind_of(column.type)
    if kind in (arrow_types.TEXT, arrow_types.BINARY):
        text, is_utf8 = decode_utf8(pc.fill_null(column.cast(pa.large_binary()), b""))
        kept = pc.and_(pa.array(is_utf8), column.is_valid())
        return Checked(pc.if_else(kept, text, pa.scalar(None, text.type)), ~is_utf8)
    if kind in _TEMPORAL:
        return nesting.no_wrong(pa.array(temporal_text.to_texts(column), pa.large_string()))
    if kind is arrow_types.UUID:
        texts = [value and str(value) for value in column.to_pylist()]
        return nesting.no_wrong(pa.array(texts, pa.large_string()))
    if kind in _FLOATS:
        return nesting.no_wrong(column.cast(pa.float64()))
    return nesting.no_wrong(column)


def _shape(type_: pa.DataType) -> Callable[[Any], Any]:
    """Return what makes values of JSON from the values of Python that Arrow gives."""
    if not _has_map(type_):
        return _same
    if nested_types.is_list(type_):
        item = _shape(type_.value_type)
        return lambda values: values and [item(value) for value in values]
    if pa.types.is_struct(type_):
        children = {field.name: _shape(field.type) for field in type_}
        return lambda value: value and {name: children[name](one) for name, one in value.items()}
    return _shape_of_map(type_)


def _shape_of_map(type_: pa.MapType) -> Callable[[Any], Any]:
    key, item = _shape(type_.key_type), _shape(type_.item_type)
    if type_.key_type != pa.large_string():
        return lambda pairs: pairs and [[key(one), item(other)] for one, other in pairs]

    def shape(pairs: list[tuple[str, Any]] | None) -> dict[str, Any] | None:
        if pairs is None:
            return None
        made = {name: item(one) for name, one in pairs}
        if len(made) < len(pairs):
            raise ValueError("a map has a key twice")
        return made

    return shape


def _has_map(type_: pa.DataType) -> bool:
    if nested_types.is_list(type_):
        return _has_map(type_.value_type)
    if pa.types.is_struct(type_):
        return any(_has_map(field.type) for field in type_)
    return bool(pa.types.is_map(type_))


def _same(value: Any) -> Any:
    return value
