"""The places of the fields of composed texts in windows of these."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.documents import FIELD_PREFIX
from transforms.rows import row_config
from transforms.templates.cut_fields import CutFields
from transforms.templates.field_places import FieldPlaces, places_of, with_places

_PLACE = (row_config.WINDOW_START, row_config.WINDOW_END)


def add_field_places(
    rows: pa.RecordBatch, names: tuple[str, ...], cut: CutFields | None, is_pair: bool
) -> pa.RecordBatch:
    """Let the places of fields be those in the windows, and add them to the fields of the rows.

    Args:
        rows: as `cut_rows` returns them, with the places of the fields in the whole texts.
        names: of the fields.
        cut: those that are cut; None if the whole text is.
        is_pair: whether the second text is cut, and the composed one is in each row.

    Returns:
        the rows, with columns `fields.<name>_start` and `fields.<name>_end`: the bytes of each
        field that the window has, in the value of the field; null if it has none.
    """
    places = places_of(rows)
    start, end = (rows.column(FIELD_PREFIX + name) for name in _PLACE)
    if not is_pair:
        bounds = (pc.fill_null(column, 0).to_numpy() for column in (start, end))
        places = _in_windows(places, cut, *bounds)
    moved = with_places(rows, places)
    columns = {name: moved.column(name) for name in moved.schema.names}
    is_rejected = start.is_null().to_numpy(zero_copy_only=False)
    lengths = places.ends - places.begins
    for number, name in enumerate(names):
        begins, none = places.skipped[:, number], is_rejected | (lengths[:, number] == 0)
        first, last = row_config.place_names(name)
        columns[FIELD_PREFIX + first] = pa.array(begins, mask=none)
        columns[FIELD_PREFIX + last] = pa.array(begins + lengths[:, number], mask=none)
    return pa.RecordBatch.from_pydict(columns, metadata=rows.schema.metadata)


def _in_windows(
    places: FieldPlaces, cut: CutFields | None, starts: np.ndarray, ends: np.ndarray
) -> FieldPlaces:
    """Return the places in windows; int64 [rows] `starts` and `ends` count in what is cut."""
    first, end = (0, places.begins.shape[1]) if cut is None else (cut.first, cut.end)
    head = np.zeros_like(starts) if cut is None else places.begins[:, first]
    begins, lasts, skipped = (column.copy() for column in places)
    inside = slice(first, end)
    low, high = ((head + bound)[:, np.newaxis] for bound in (starts, ends))
    within = [np.clip(column[:, inside], low, high) for column in places[:2]]
    skipped[:, inside] = within[0] - places.begins[:, inside]
    begins[:, inside], lasts[:, inside] = (column - starts[:, np.newaxis] for column in within)
    if cut is not None:
        behind = slice(end, None)
        lost = (places.ends[:, end - 1] - head - (ends - starts))[:, np.newaxis]
        begins[:, behind] -= lost
        lasts[:, behind] -= lost
    return FieldPlaces(begins, lasts, skipped)
