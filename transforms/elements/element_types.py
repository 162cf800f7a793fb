"""The Beam types of embedded and of rejected elements."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from apache_beam.ml.rag.types import EmbeddableItem
from apache_beam.typehints import typehints
from apache_beam.typehints.row_type import RowTypeConstraint

from transforms.elements.text_config import TextConfig
from transforms.features import TOKEN_FEATURES


def output_types(element_type: Any, config: TextConfig) -> tuple[Any, Any]:
    """Return the types of embedded and of rejected elements for a type of elements.

    Raises:
        ValueError: elements are rows that lack a text field, or that have a field with the name of
            a feature; or they are items, which have one vector, and the configuration gives more.
    """
    rejected = rejected_type(element_type)
    if is_item(element_type):
        config.check_one_vector()
        return element_type, rejected
    row = _row_type(element_type, config)
    return _embedded_type(element_type, row, config), rejected


def rejected_type(element_type: Any) -> RowTypeConstraint:
    """Return the type of rejected elements."""
    # Beam's schemas turn a union into its first member, and tuples into lists: use Any for these.
    is_known = _is_text(element_type) or fields_type(element_type) is not None
    element = element_type if is_known else _dict_or_any(element_type)
    return RowTypeConstraint.from_fields([("element", element), ("reason", str), ("detail", str)])


def is_item(element_type: Any) -> bool:
    """Return whether a type is that of items of apache_beam.ml.rag."""
    return isinstance(element_type, type) and issubclass(element_type, EmbeddableItem)


def _row_type(element_type: Any, config: TextConfig) -> RowTypeConstraint | None:
    """Return the fields of elements that are texts or rows; None if they are unknown."""
    if _is_text(element_type):
        return RowTypeConstraint.from_fields([(config.text_field, str)])
    row = fields_type(element_type)
    if row is not None:
        _check_fields([name for name, _ in row._fields], config)
    return row


def _is_text(element_type: Any) -> bool:
    return bool(element_type in (str, typehints.Optional[str]))


def fields_type(element_type: Any) -> RowTypeConstraint | None:
    """Return the fields of a type of rows; None if it is none."""
    if isinstance(element_type, RowTypeConstraint):
        return element_type
    return RowTypeConstraint.from_user_type(element_type)


def _check_fields(names: Sequence[str], config: TextConfig) -> None:
    text_fields = [name for name in (config.text_field, config.text_b_field) if name is not None]
    missing = [name for name in text_fields if name not in names]
    if missing:
        raise ValueError(f"rows have no field {missing[0]!r}; they have {', '.join(names)}")
    taken = [name for name in config.names if name in names]
    if taken:
        raise ValueError(f"rows have a field {taken[0]!r} already: rename it")


def _dict_or_any(element_type: Any) -> Any:
    is_mapping = isinstance(element_type, typehints.DictConstraint) and element_type.key_type is str
    return dict[str, Any] if is_mapping else Any


def _embedded_type(element_type: Any, row: RowTypeConstraint | None, config: TextConfig) -> Any:
    if row is None:
        return _dict_or_any(element_type)
    vector = Sequence[np.float32]
    features = [
        (name, Sequence[vector] if name in TOKEN_FEATURES else vector) for name in config.names
    ]
    return RowTypeConstraint.from_fields([*row._fields, *features])
