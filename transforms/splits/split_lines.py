"""The lines of plan.jsonl from columns: the bytes of `Split.to_line`, without a `Split`."""

import json
from collections.abc import Iterator, Sequence

import numpy as np

from transforms.documents import Source
from transforms.splits.file_columns import FileColumns
from transforms.splits.split_rows import BLOCK, stored_bytes

# The text of a line before and after what differs between the splits of a file.
_FileText = tuple[str, str]


def encode(files: FileColumns, rows: np.ndarray, reasons: Sequence[str]) -> Iterator[list[str]]:
    """Yield the lines of splits, with their ends, in blocks.

    Args:
        files: of the splits.
        rows: `ROW` [splits].
        reasons: the texts of `unread`.
    """
    for begin in range(0, len(rows), BLOCK):
        yield list(_encode_block(files, rows[begin : begin + BLOCK], reasons))


def _encode_block(files: FileColumns, rows: np.ndarray, reasons: Sequence[str]) -> Iterator[str]:
    numbers, places = np.unique(rows["file"], return_inverse=True)
    texts = [_text_of(source) for source in files.sources(numbers)]
    columns = (places, rows["start"], rows["end"], rows["stored"], stored_bytes(rows, files))
    is_special = (rows["stored"] >= 0) | (rows["members"] > 0) | (rows["unread"] >= 0)
    special = is_special.tolist()
    for number, (place, start, end, stored, size) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        before, after = texts[place]
        last = end if end >= 0 else "null"
        rest = _rest(files, rows[number], stored, reasons) if special[number] else ""
        yield f'{before}, "start": {start}, "end": {last}, "bytes": {size}{after}{rest}}}\n'


def _text_of(source: Source) -> _FileText:
    after = (
        f', "size": {source.size}, "version": {json.dumps(source.version)}, '
        f'"format": {json.dumps(source.format)}, "compression": {json.dumps(source.compression)}'
    )
    after += ', "whole": true' if source.whole else ""
    after += f', "location": {json.dumps(source.location)}' if source.location else ""
    return f'{{"source": {json.dumps(source.path)}', after


def _rest(files: FileColumns, row: np.void, stored: int, reasons: Sequence[str]) -> str:
    """Return the text of the fields that few splits have."""
    text = ', "counted": true' if stored >= 0 else ""
    if row["members"]:
        members = [
            [m.path, m.size, m.version, m.compression, m.format, m.whole]
            for m in files.source_range(int(row["first"]), int(row["members"]))
        ]
        text += f', "members": {json.dumps(members)}'
    if row["unread"] >= 0:
        text += f', "unread": {json.dumps(reasons[row["unread"]])}'
    return text
