"""Cut the documents of a part into rows, one for each window."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import rejects
from transforms.columns import binary_offsets, binary_slices
from transforms.documents import FIELD_PREFIX, ID, REASON, TEXT, WINDOW
from transforms.rejects import Reason
from transforms.rows import row_config
from transforms.rows.cutter import Cutter
from transforms.rows.token_ranges import TokenRanges

_NO_LIMIT = np.iinfo(np.int64).max


class Room(NamedTuple):
    """What the other texts of documents leave to the windows of one.

    Attributes:
        reserved: int64 [documents], the tokens that other texts take in each window of a document.
        is_empty: bool [documents], which documents are rejected, whatever the windows of the text,
            because they have no wordpieces.
    """

    reserved: np.ndarray
    is_empty: np.ndarray


class _Places(NamedTuple):
    """The rows of a part; int64 [rows] each.

    Attributes:
        documents: index of each row's document, ascending.
        starts, ends: its bytes in the text of the document.
    """

    documents: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def cut_rows(
    part: pa.RecordBatch,
    cutter: Cutter,
    ranges: TokenRanges,
    room: Room,
    column: str = TEXT,
) -> pa.RecordBatch:
    """Cut the documents of a part into rows, each a window that fits into the model's input.

    Args:
        part: documents, as `read_split` yields them.
        cutter: cuts them.
        ranges: the wordpieces of the texts that are cut.
        room: what the other texts leave. Documents are rejected if that is too little.
        column: the texts that are cut.

    Returns:
        the part, with a row for each window: its `id` is that of its document, `#` and its number,
        its text is that of the window, and the kept fields are those of the document. The columns
        `fields.document_id`, `fields.window`, ... are the place of the window, and so is `window`,
        int64. Documents that are rejected, now or later, are one row each as they are, whose place
        is null.
    """
    sizes = cutter.config.size - room.reserved
    part = _reject_crowded(part, cutter, ranges, np.where(room.is_empty, cutter.config.size, sizes))
    is_valid = pc.is_null(part.column(REASON)).to_numpy(zero_copy_only=False) & ~room.is_empty
    places = _places(part.column(column), cutter, ranges, np.where(is_valid, sizes, _NO_LIMIT))
    return _with_places(part, places, column, is_valid)


def _reject_crowded(
    part: pa.RecordBatch, cutter: Cutter, ranges: TokenRanges, sizes: np.ndarray
) -> pa.RecordBatch:
    """Reject documents whose windows have too little room."""
    config = cutter.config
    is_crowded = (ranges.counts > sizes) & (sizes < config.least)
    why = f"repeated texts leave less than {config.least} of {config.size} wordpieces to a window"
    return rejects.reject(part, is_crowded, Reason.TOO_LARGE, why)


def _places(
    texts: pa.LargeBinaryArray, cutter: Cutter, ranges: TokenRanges, sizes: np.ndarray
) -> _Places:
    """Return the windows of documents of at most so many wordpieces each."""
    lengths = np.diff(binary_offsets(texts))
    windows = np.stack([np.zeros_like(lengths), lengths], axis=1)
    is_long = ranges.counts > sizes
    counts = np.ones(len(texts), np.int64)
    pieces, done = [], 0
    for number in np.flatnonzero(is_long).tolist():
        text = texts[number].as_py()
        pieces += [
            windows[done:number],
            cutter.cut(text, ranges.of_text(number), int(sizes[number])),
        ]
        counts[number], done = len(pieces[-1]), number + 1
    starts, ends = np.concatenate([*pieces, windows[done:]]).T
    return _Places(np.repeat(np.arange(len(texts)), counts), starts, ends)


def _with_places(
    part: pa.RecordBatch, places: _Places, column: str, has_windows: np.ndarray
) -> pa.RecordBatch:
    """Return the rows; those of documents without windows have no place."""
    documents = places.documents
    is_cut = len(documents) > part.num_rows
    rows = part.take(pa.array(documents)) if is_cut else part
    columns = {name: rows.column(name) for name in rows.schema.names}
    if is_cut:
        columns[column] = binary_slices(part.column(column), *places)
    firsts = np.searchsorted(documents, documents)
    none = ~has_windows[documents]
    numbers = pa.array(np.arange(len(documents)) - firsts, mask=none)
    total = np.bincount(documents, minlength=part.num_rows)[documents]
    ids = columns[ID]
    columns[ID] = _with_numbers(ids, numbers)
    columns[WINDOW] = numbers
    of_rows = {
        row_config.DOCUMENT_ID: ids,
        row_config.WINDOW: numbers,
        row_config.NUM_WINDOWS: pa.array(total, mask=none),
        row_config.WINDOW_START: pa.array(places.starts, mask=none),
        row_config.WINDOW_END: pa.array(places.ends, mask=none),
    }
    columns |= {FIELD_PREFIX + name: values for name, values in of_rows.items()}
    return pa.RecordBatch.from_pydict(columns, metadata=part.schema.metadata)


def _with_numbers(ids: pa.LargeStringArray, numbers: pa.Int64Array) -> pa.LargeStringArray:
    """Append `#` and a number to each id, if there is one."""
    mark, nothing = (pa.scalar(text, pa.large_string()) for text in ("#", ""))
    numbered = pc.binary_join_element_wise(ids, numbers.cast(pa.large_string()), mark)
    return pc.coalesce(numbered, ids, nothing)
