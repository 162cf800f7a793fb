"""Make the rows of a part, whose texts are then tokenized."""

import dataclasses

import numpy as np
import pyarrow as pa

from transforms.documents import FIELD_PREFIX, TEXT
from transforms.rows.cut_rows import Room, cut_rows
from transforms.rows.cutter import CutConfig, Cutter, cutter_of
from transforms.rows.field_windows import add_field_places
from transforms.rows.repeated_rows import cut_middles
from transforms.rows.row_config import ROW_TEXT
from transforms.templates.cut_fields import CutFields


@dataclasses.dataclass(frozen=True)
class TextRows:
    """How the rows of a part are made of its documents.

    Attributes:
        texts: the columns that contain texts; see `WordpieceConfig.texts`. Of two texts the second
            one is cut, and the first one is in each window.
        cut: how documents are cut into windows; None if each document is a row.
        keep_text: whether rows keep their texts; of two texts the second one.
        fields: names of the fields of which texts are composed; none if they are read as they are.
        cut_fields: those that are cut, if windows repeat the others; None if the whole text is.
    """

    texts: tuple[str, ...] = (TEXT,)
    cut: CutConfig | None = None
    keep_text: bool = False
    fields: tuple[str, ...] = ()
    cut_fields: CutFields | None = None

    @property
    def body(self) -> str:
        """The column that is cut."""
        return self.texts[-1]

    @property
    def are_documents(self) -> bool:
        """Whether rows are the documents as they are read."""
        return self.cut is None and not self.keep_text

    def make(self, part: pa.RecordBatch) -> pa.RecordBatch:
        """Return a part with its rows; see `cut_rows`.

        Args:
            part: documents, as `read_split` yields them.
        """
        if self.cut is not None:
            part = self._cut(part, cutter_of(self.cut))
            if self.fields:
                is_pair = len(self.texts) > 1
                part = add_field_places(part, self.fields, self.cut_fields, is_pair)
        if not self.keep_text:
            return part
        text = part.column(self.body).cast(pa.large_string())
        kept = part.append_column(FIELD_PREFIX + ROW_TEXT, text)
        return kept.replace_schema_metadata(part.schema.metadata)

    def _cut(self, part: pa.RecordBatch, cutter: Cutter) -> pa.RecordBatch:
        if self.cut_fields is not None:
            return cut_middles(part, cutter, self.cut_fields)
        *others, ranges = (cutter.tokenizer(part.column(name)) for name in self.texts)
        reserved = np.zeros(part.num_rows, np.int64)
        for other in others:
            # A pair has a second [SEP].
            reserved += other.counts + (ranges.counts > 0)
        # A document without wordpieces in its first text is rejected when it is tokenized.
        is_empty = (others[0] if others else ranges).counts == 0
        return cut_rows(part, cutter, ranges, Room(reserved, is_empty), self.body)
