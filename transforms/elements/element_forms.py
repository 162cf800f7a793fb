"""What the elements of a step are: how to read their texts, and where vectors go."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol

import apache_beam as beam
from apache_beam.ml.rag.types import EmbeddableItem

from transforms.elements import element_types
from transforms.elements.element_fields import add_vectors, as_encodable
from transforms.elements.element_records import to_record
from transforms.elements.embedder import Rejected, Vectors
from transforms.elements.text_config import TextConfig
from transforms.rejects import Reason, detail
from transforms.sources import record_fields
from transforms.sources.record_fields import Record

# Why an item is rejected, whose vector would be lost.
HAS_DENSE = "it has a dense embedding already"


class ElementForm(Protocol):
    """What the elements of a step are, before and after."""

    def output_types(self, element_type: Any) -> tuple[Any, Any]:
        """Return the Beam types of embedded and of rejected elements.

        Raises:
            ValueError: elements of the type cannot be embedded.
        """

    def records(self, element: Any) -> Sequence[Record]:
        """Return the texts of an element; rejected records for those that cannot be embedded."""

    def embedded(self, element: Any, vectors: Sequence[Vectors]) -> Any:
        """Return a copy of an element with the vectors of its texts."""

    def rejected(self, element: Any, why: Rejected) -> Any:
        """Return what the second output has for an element of which a text has no vectors.

        Raises:
            ValueError: the step has no second output.
        """


@dataclasses.dataclass(frozen=True)
class NamedVectors:
    """Elements of one text, or of a pair; vectors become fields with the names of features.

    Attributes:
        config: names the fields.
        fails: whether the step has no second output.
    """

    config: TextConfig
    fails: bool

    def output_types(self, element_type: Any) -> tuple[Any, Any]:
        """Return the Beam types of embedded and of rejected elements.

        Raises:
            ValueError: rows have no field of texts, or one with the name of a feature.
        """
        return element_types.output_types(element_type, self.config)

    def records(self, element: Any) -> Sequence[Record]:
        """Return the text of an element, or of a pair.

        Raises:
            ValueError: an `EmbeddableItem`, which has one vector, and `features` gives more.
        """
        if isinstance(element, EmbeddableItem):
            self.config.check_one_vector()
            if element.dense_embedding is not None:
                return [record_fields.rejected(Reason.WRONG_TYPE, HAS_DENSE)]
        return [to_record(element, self.config)]

    def embedded(self, element: Any, vectors: Sequence[Vectors]) -> Any:
        """Return an element with its vectors; a text becomes a row."""
        return add_vectors(element, vectors[0], self.config.text_field)

    def rejected(self, element: Any, why: Rejected) -> Any:
        """Return a row of `element`, `reason` and `detail`.

        Raises:
            ValueError: the step has no second output.
        """
        if self.fails:
            raise no_output(
                element,
                why,
                "with_exception_handling(), in YAML error_handling, sends such elements to a "
                "second output",
            )
        return rejected_row(element, why)


def rejected_row(element: Any, why: Rejected) -> beam.Row:
    """Return a row of `element`, `reason` and `detail`."""
    return beam.Row(element=as_encodable(element), reason=why.reason, detail=why.detail)


def no_output(element: Any, why: Rejected, remedy: str) -> ValueError:
    """Return the error for an element without vectors, in a step without a second output."""
    return ValueError(
        f"{detail(repr(element))} cannot be embedded: {why.reason}: {why.detail}; {remedy}"
    )
