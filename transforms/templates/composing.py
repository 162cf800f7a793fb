"""Compose texts of the columns of their fields."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.templates.field_places import FieldPlaces
from transforms.templates.text_template import TextTemplate


class Composed(NamedTuple):
    """Composed texts.

    Attributes:
        text: large_string [rows].
        places: of the fields in them.
    """

    text: pa.LargeStringArray
    places: FieldPlaces


def compose(
    template: TextTemplate, columns: Sequence[pa.LargeStringArray], valid: np.ndarray
) -> Composed:
    """Compose the texts of some rows.

    Args:
        template: how texts are composed.
        columns: large_string [rows] for each field of the template, without nulls.
        valid: bool [rows], the rows that have a text; the text of others is empty.
    """
    lengths = np.stack([pc.binary_length(column).to_numpy() for column in columns], axis=1)
    before = np.array([len(literal.encode()) for literal in template.literals[:-1]], np.int64)
    ends = np.cumsum(lengths + before, axis=1) * valid[:, np.newaxis]
    begins = ends - lengths * valid[:, np.newaxis]
    scalars = [pa.scalar(literal, pa.large_string()) for literal in template.literals]
    pieces = [scalars[0]]
    for column, literal in zip(columns, scalars[1:], strict=True):
        pieces += [column, literal]
    nothing = pa.scalar("", pa.large_string())
    text = pc.binary_join_element_wise(*pieces, nothing)
    if not valid.all():
        text = pc.if_else(pa.array(valid), text, nothing)
    return Composed(text, FieldPlaces(begins, ends, np.zeros_like(begins)))


def no_text(names: Sequence[str]) -> str:
    """Return why a document whose fields of text are all blank is rejected.

    >>> no_text(["text"]), no_text(["title", "text"])
    ("field 'text' has no text", "fields 'title', 'text' have no text")
    """
    shown = ", ".join(map(repr, names))
    return f"field {shown} has no text" if len(names) == 1 else f"fields {shown} have no text"
