"""Columns of any Arrow type as the texts that a template composes."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.features import STRING
from transforms.fields import KeptField, arrow_types, nested_types
from transforms.fields.utf8_columns import decode_utf8
from transforms.sources.kept_columns import keep_column
from transforms.templates.field_texts import SEPARATOR

_WRITTEN = (arrow_types.TEXT, arrow_types.BINARY)
_FLOATS = (arrow_types.NARROW_FLOAT, arrow_types.DOUBLE)
_TEXT = KeptField("", STRING)


class ColumnTexts(NamedTuple):
    """The texts of a field.

    Attributes:
        texts: large_string [rows], without nulls.
        missing: bool [rows], which rows have a null.
        not_utf8, not_text: bool [rows], which rows have bytes that are not UTF-8, or a number that
            is none.
    """

    texts: pa.LargeStringArray
    missing: np.ndarray
    not_utf8: np.ndarray
    not_text: np.ndarray


def has_texts(type_: pa.DataType) -> bool:
    """Return whether the values of an Arrow type have texts: scalars, and lists of scalars."""
    inner = type_.value_type if nested_types.is_list(type_) else type_
    return arrow_types.kind_of(inner) not in (None, arrow_types.NESTED)


def texts_of_column(column: pa.Array) -> ColumnTexts:
    """Return the texts of a column that `has_texts`; see `field_texts.text_of`.

    Dates, times and decimals are written as in kept fields of type string.
    """
    column = arrow_types.plain_column(column)
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    if not nested_types.is_list(column.type):
        return _scalars(column)._replace(missing=missing)
    items = column.flatten()
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(column)), lengths)
    texts, nulls, *problems = _scalars(items)
    kept = np.bincount(rows[~nulls], minlength=len(column))
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    lists = pa.LargeListArray.from_arrays(offsets, texts.filter(pa.array(~nulls)))
    joined = pc.binary_join(lists, pa.scalar(SEPARATOR, pa.large_string()))
    return ColumnTexts(joined, missing, *(_rows_with(one, rows, len(column)) for one in problems))


def _rows_with(problem: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    found: np.ndarray = np.bincount(rows[problem], minlength=count) > 0
    return found


def _scalars(column: pa.Array) -> ColumnTexts:
    column = arrow_types.plain_column(column)
    kind = arrow_types.kind_of(column.type)
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    none = np.zeros(len(column), bool)
    if kind in _WRITTEN:
        texts, is_utf8 = decode_utf8(pc.fill_null(column.cast(pa.large_binary()), b""))
        return ColumnTexts(texts, missing, ~is_utf8, none)
    not_text = none
    if kind in _FLOATS:
        not_text = ~pc.is_finite(pc.fill_null(column.cast(pa.float64()), 0.0)).to_numpy(
            zero_copy_only=False
        )
    texts, problems = keep_column(column, _TEXT)
    not_text = np.logical_or.reduce([not_text, *(rows for rows, _ in problems)])
    filled = pc.fill_null(texts.cast(pa.large_string()), "")
    return ColumnTexts(filled, missing, none, not_text)
