"""The fields of a template in which the wordpieces of composed texts are."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.columns import list_offsets
from transforms.features import FIELDS_OF_TOKENS, OFFSETS, SEGMENT_IDS
from transforms.templates.field_places import (
    FieldPlaces,
    has_places,
    places_of,
    without_places,
)

# Of special tokens, of the prompt, and of the text between the fields.
NO_FIELD = -1


class LocatedTokens(NamedTuple):
    """Where tokens are in the fields of a template.

    Attributes:
        fields: int64 [tokens], the number of the field in the template; for the second text of a
            pair the next number; `NO_FIELD` for all others.
        offsets: int64 [tokens, 2], the bytes of each token in the value of its field; 0 and 0 for
            those without a field.
    """

    fields: np.ndarray
    offsets: np.ndarray


def locate(
    offsets: np.ndarray, segments: np.ndarray, rows: np.ndarray, places: FieldPlaces
) -> LocatedTokens:
    """Find the fields of tokens. A token of two fields belongs to the first, with its bytes of it.

    Args:
        offsets: int64 [tokens, 2], the bytes of each token in its text; equal for those that are
            not of a text.
        segments: int64 [tokens], the text of each token: 0, or 1 for the second text of a pair.
        rows: int64 [tokens], the row of each token.
        places: of the fields in the first text of each row.
    """
    starts, ends = offsets.T
    count = places.begins.shape[1]
    fields = np.where((segments == 1) & (starts < ends), count, NO_FIELD)
    located = offsets * (fields == count)[:, np.newaxis]
    for number in range(count):
        begin, end, skipped = (column[rows, number] for column in places)
        inside = (fields == NO_FIELD) & (segments == 0)
        inside &= (starts < ends) & (starts < end) & (begin < ends)
        fields[inside] = number
        clipped = np.clip(offsets, begin[:, np.newaxis], end[:, np.newaxis])
        in_value = clipped + (skipped - begin)[:, np.newaxis]
        located[inside] = in_value[inside]
    return LocatedTokens(fields, located)


def locate_tokens(part: pa.RecordBatch) -> pa.RecordBatch:
    """Let the offsets of a part of wordpieces count in the fields of its texts, if it has fields.

    Returns:
        the part without the places of the fields, and with the column `token_fields` if wordpieces
        have offsets.
    """
    if not has_places(part):
        return part
    if OFFSETS not in part.schema.names:
        return without_places(part)
    segments = part.column(SEGMENT_IDS)
    splits = list_offsets(segments)
    rows = np.repeat(np.arange(part.num_rows), np.diff(splits))
    offsets = part.column(OFFSETS).flatten().to_numpy().reshape(-1, 2)
    found = locate(offsets, segments.flatten().to_numpy(), rows, places_of(part))
    columns = {name: part.column(name) for name in without_places(part).schema.names}
    flat = pa.array(found.offsets.reshape(-1))
    columns[OFFSETS] = pa.LargeListArray.from_arrays(splits * 2, flat)
    columns[FIELDS_OF_TOKENS] = pa.LargeListArray.from_arrays(splits, pa.array(found.fields))
    return pa.RecordBatch.from_pydict(columns, metadata=part.schema.metadata)
