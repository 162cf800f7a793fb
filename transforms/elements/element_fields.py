"""Elements of any pipeline as mappings of fields: texts, mappings, rows, and Beam's items."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.ml.rag.types import EmbeddableItem, Embedding


def fields_of(element: Any, text_field: str) -> Mapping[str, Any] | None:
    """Return the fields of an element; None if it has no fields.

    A text and an `EmbeddableItem` of Beam have one field, `text_field`.
    """
    if isinstance(element, str | bytes) or element is None:
        return {text_field: element}
    if isinstance(element, EmbeddableItem):
        return {text_field: text_of(element)}
    if isinstance(element, Mapping):
        return element
    as_dict = getattr(element, "_asdict", None)
    if as_dict is not None:
        fields: Mapping[str, Any] = as_dict()
        return fields
    if dataclasses.is_dataclass(element) and not isinstance(element, type):
        return {field.name: getattr(element, field.name) for field in dataclasses.fields(element)}
    return None


def text_of(item: EmbeddableItem) -> Any:
    """Return the text of an item; None if it has no content."""
    return None if item.content is None else item.content.text


def add_vectors(element: Any, vectors: Mapping[str, np.ndarray], text_field: str) -> Any:
    """Add vectors to an element: arrays to a dict; to a row lists, which Beam's schemas know.

    A copy of an `EmbeddableItem` has the only vector as its dense embedding.
    """
    if isinstance(element, Mapping):
        return {**element, **vectors}
    if isinstance(element, EmbeddableItem):
        (vector,) = vectors.values()
        return with_dense(element, vector)
    fields = fields_of(element, text_field) or {}
    return beam.Row(**fields, **{name: array.tolist() for name, array in vectors.items()})


def replace_fields(element: Any, values: Mapping[str, Any]) -> Any:
    """Return a dict or a row with other values in some of its fields."""
    fields = {**(fields_of(element, "") or {}), **values}
    return fields if isinstance(element, Mapping) else beam.Row(**fields)


def with_dense(item: EmbeddableItem, vector: np.ndarray) -> EmbeddableItem:
    """Return a copy of an item with a dense embedding; its sparse embedding stays."""
    embedding = Embedding(vector.tolist(), item.sparse_embedding)
    return dataclasses.replace(item, embedding=embedding)


def as_encodable(element: Any) -> Any:
    """Return a rejected element in a form that its coder can encode, whatever its text."""
    if isinstance(element, str | Mapping):
        return escape_surrogates(element)
    if isinstance(element, EmbeddableItem):
        if element.content is None:
            return element
        text = escape_surrogates(element.content.text)
        return dataclasses.replace(element, content=dataclasses.replace(element.content, text=text))
    fields = fields_of(element, "")
    if fields is None or isinstance(element, bytes) or element is None:
        return element
    return beam.Row(**{name: escape_surrogates(value) for name, value in fields.items()})


def escape_surrogates(element: Any) -> Any:
    r"""Escape lone surrogates, which are not valid Unicode, in texts and in fields of mappings.

    >>> escape_surrogates({"text": "a\ud800"})
    {'text': 'a\\ud800'}
    """
    if isinstance(element, str):
        return element.encode(errors="backslashreplace").decode()
    if isinstance(element, Mapping):
        return {name: escape_surrogates(value) for name, value in element.items()}
    return element
