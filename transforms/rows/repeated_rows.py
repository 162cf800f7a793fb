"""Cut some fields of composed texts into windows that each have the other fields."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import binary_offsets, binary_slices
from transforms.documents import TEXT
from transforms.rows.cut_rows import Room, cut_rows
from transforms.rows.cutter import Cutter
from transforms.templates.cut_fields import CutFields
from transforms.templates.field_places import places_of

_HEAD, _TAIL = "head", "tail"


class TextPieces(NamedTuple):
    """The texts of a part in three pieces; large_binary [documents] each.

    Attributes:
        heads, tails: what each window has.
        middles: what is cut.
    """

    heads: pa.LargeBinaryArray
    middles: pa.LargeBinaryArray
    tails: pa.LargeBinaryArray


def split_texts(part: pa.RecordBatch, cut: CutFields) -> TextPieces:
    """Split the composed texts of a part."""
    texts, places = part.column(TEXT), places_of(part)
    rows, ends = np.arange(part.num_rows), np.diff(binary_offsets(texts))
    first, last = places.begins[:, cut.first], places.ends[:, cut.end - 1]
    return TextPieces(
        binary_slices(texts, rows, np.zeros_like(first), first),
        binary_slices(texts, rows, first, last),
        binary_slices(texts, rows, last, ends),
    )


def cut_middles(part: pa.RecordBatch, cutter: Cutter, cut: CutFields) -> pa.RecordBatch:
    """Cut the documents of a part into rows, whose texts all have the head and the tail.

    Args:
        part: documents, as `read_split` yields them.
        cutter: cuts them.
        cut: the fields that are cut.

    Returns:
        the rows of `cut_rows`, whose places are those in what is cut.
    """
    pieces = split_texts(part, cut)
    ranges = cutter.tokenizer(pieces.middles)
    # White space separates the pieces, so that a row has the wordpieces of each.
    reserved = cutter.tokenizer(pieces.heads).counts + cutter.tokenizer(pieces.tails).counts
    room = Room(reserved, ranges.counts + reserved == 0)
    columns = {name: part.column(name) for name in part.schema.names}
    columns |= {_HEAD: pieces.heads, TEXT: pieces.middles, _TAIL: pieces.tails}
    middles = pa.RecordBatch.from_pydict(columns, metadata=part.schema.metadata)
    rows = cut_rows(middles, cutter, ranges, room)
    whole = [rows.column(name) for name in (_HEAD, TEXT, _TAIL)]
    text = pc.binary_join_element_wise(*whole, pa.scalar(b"", pa.large_binary()))
    index = rows.schema.get_field_index(TEXT)
    return rows.set_column(index, TEXT, text).drop_columns([_HEAD, _TAIL])
