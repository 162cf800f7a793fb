"""Where the fields of a template are in the texts that are composed of them."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.documents import PLACES

_NUMBERS = 3


class FieldPlaces(NamedTuple):
    """The places of fields in the texts of some rows; int64 [rows, fields] each.

    Attributes:
        begins, ends: the bytes `[begin, end)` of each field in the text of its row; equal if the
            text has none of it.
        skipped: bytes of the value of the field before these; 0 unless the text is a window.
    """

    begins: np.ndarray
    ends: np.ndarray
    skipped: np.ndarray

    def to_column(self) -> pa.FixedSizeListArray:
        """Return the places as a column of parts; `places_of` is the inverse."""
        stacked = np.stack(self, axis=-1).astype(np.int64)
        width = _NUMBERS * self.begins.shape[1]
        return pa.FixedSizeListArray.from_arrays(pa.array(stacked.reshape(-1)), width)

    def take(self, rows: np.ndarray) -> "FieldPlaces":
        """Return the places of some rows."""
        return FieldPlaces(*(column[rows] for column in self))


def has_places(part: pa.RecordBatch) -> bool:
    """Return whether the texts of a part are composed of fields."""
    return PLACES in part.schema.names


def places_of(part: pa.RecordBatch) -> FieldPlaces:
    """Return the places of the fields in the texts of a part."""
    column = part.column(PLACES)
    fields = column.type.list_size // _NUMBERS
    numbers = column.flatten().to_numpy().reshape(part.num_rows, fields, _NUMBERS)
    return FieldPlaces(*np.moveaxis(numbers, -1, 0))


def with_places(part: pa.RecordBatch, places: FieldPlaces) -> pa.RecordBatch:
    """Return a part with other places."""
    index = part.schema.get_field_index(PLACES)
    return part.set_column(index, part.schema.field(index), places.to_column())


def without_places(part: pa.RecordBatch) -> pa.RecordBatch:
    """Return a part without the column of the places."""
    return part.drop_columns([PLACES])
