"""The elements of Beam's MLTransform: columns that vectors replace, items, and adapted elements."""

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from apache_beam.ml.rag.types import EmbeddableItem
from apache_beam.ml.transforms.base import EmbeddingTypeAdapter
from apache_beam.typehints.row_type import RowTypeConstraint

from transforms.elements.element_fields import fields_of, replace_fields, text_of, with_dense
from transforms.elements.element_forms import HAS_DENSE, no_output, rejected_row
from transforms.elements.element_records import read_texts
from transforms.elements.element_types import fields_type, is_item, rejected_type
from transforms.elements.embedder import Rejected, Vectors
from transforms.rejects import Reason
from transforms.sources import record_fields
from transforms.sources.base import ReadConfig
from transforms.sources.record_fields import Record

_TEXT = ReadConfig()
_REMEDY = "MLTransform(...).with_exception_handling() sends such elements to a second output"


@dataclasses.dataclass(frozen=True)
class _OneVector:
    """Elements whose texts get one vector each, the only feature.

    Attributes:
        fails: whether the step has no second output.
    """

    fails: bool

    def output_types(self, element_type: Any) -> tuple[Any, Any]:
        """Return the Beam types of embedded and of rejected elements."""
        embedded = element_type if is_item(element_type) else Any
        return embedded, rejected_type(element_type)

    def rejected(self, element: Any, why: Rejected) -> Any:
        """Return a row of `element`, `reason` and `detail`.

        Raises:
            ValueError: the step has no second output.
        """
        if self.fails:
            raise no_output(element, why, _REMEDY)
        return rejected_row(element, why)


class Items(_OneVector):
    """Items of apache_beam.ml.rag: the vector becomes the dense embedding of a copy."""

    def records(self, element: Any) -> Sequence[Record]:
        """Return the text of an item."""
        if not isinstance(element, EmbeddableItem):
            problem = f"{type(element).__name__} is no EmbeddableItem; for its fields give columns"
            return [record_fields.rejected(Reason.WRONG_TYPE, problem)]
        if element.dense_embedding is not None:
            return [record_fields.rejected(Reason.WRONG_TYPE, HAS_DENSE)]
        return [read_texts({_TEXT.text_field: text_of(element)}, _TEXT)]

    def embedded(self, element: Any, vectors: Sequence[Vectors]) -> Any:
        """Return an item with its dense embedding."""
        return with_dense(element, _only(vectors[0]))


@dataclasses.dataclass(frozen=True)
class TextColumns(_OneVector):
    """Dicts and rows: a vector, as a list of floats, replaces the text of a column.

    Attributes:
        columns: the names of the fields with texts.
    """

    columns: tuple[str, ...]

    def output_types(self, element_type: Any) -> tuple[Any, Any]:
        """Return the Beam types of embedded and of rejected elements.

        Raises:
            ValueError: rows have no such column.
        """
        row = fields_type(element_type)
        if row is None:
            return super().output_types(element_type)
        types = dict(row._fields)
        missing = [column for column in self.columns if column not in types]
        if missing:
            raise ValueError(f"rows have no field {missing[0]!r}; they have {', '.join(types)}")
        types |= dict.fromkeys(self.columns, Sequence[np.float32])
        return RowTypeConstraint.from_fields(list(types.items())), rejected_type(element_type)

    def records(self, element: Any) -> Sequence[Record]:
        """Return the texts of an element's columns."""
        fields = fields_of(element, "")
        if fields is None or isinstance(element, str | bytes | EmbeddableItem):
            problem = f"{type(element).__name__} has no columns"
            return [record_fields.rejected(Reason.WRONG_TYPE, problem)]
        return [read_texts(fields, ReadConfig(text_field=column)) for column in self.columns]

    def embedded(self, element: Any, vectors: Sequence[Vectors]) -> Any:
        """Return an element with lists of floats in its columns."""
        lists = [_only(of_text).tolist() for of_text in vectors]
        return replace_fields(element, dict(zip(self.columns, lists, strict=True)))


@dataclasses.dataclass(frozen=True)
class Adapted(_OneVector):
    """Elements whose texts and vectors are in functions of the user.

    Attributes:
        adapter: called with one element at a time, so that one it cannot read is rejected alone.
    """

    adapter: EmbeddingTypeAdapter[Any, Any]

    def records(self, element: Any) -> Sequence[Record]:
        """Return the texts of an element."""
        try:
            texts = self.adapter.input_fn([element])
        except (ValueError, TypeError, RuntimeError, LookupError, AttributeError) as error:
            return [record_fields.rejected(Reason.WRONG_TYPE, error)]
        return [read_texts({_TEXT.text_field: text}, _TEXT) for text in texts]

    def embedded(self, element: Any, vectors: Sequence[Vectors]) -> Any:
        """Return what the adapter makes of a copy of an element and of lists of floats."""
        lists = [_only(of_text).tolist() for of_text in vectors]
        return self.adapter.output_fn([copy.copy(element)], lists)[0]


def _only(vectors: Vectors) -> np.ndarray:
    (vector,) = vectors.values()
    return vector
