"""Read the first words of windows of documents from the sources of the documents."""

import contextlib
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from pipeline.output import reread
from pipeline.output.open_job import Job
from pipeline.report.first_words import by_split, shorten
from transforms.documents import ID, TEXT, TEXT_B, header_of
from transforms.receipts import Receipt
from transforms.rows.repeated_rows import split_texts
from transforms.rows.row_config import DOCUMENT_ID, WINDOW_END, WINDOW_START
from transforms.templates.cut_fields import CutFields

# The id of a document, and the bytes of a window in its text.
_Place = tuple[str, str, str]


def read_words_of_windows(
    job: Job,
    chosen: Sequence[tuple[Receipt, np.ndarray]],
    kept: Mapping[str, Sequence[str]],
) -> tuple[str, ...]:
    """Read the first words of chosen windows.

    Args:
        job: the job.
        chosen: receipts of parts, each with the rows of its chosen windows.
        kept: the fields of all of them, as text.

    Returns:
        A text for each window, empty if its source is gone or has changed, or if its record has no
        fields.
    """
    count = sum(len(rows) for _, rows in chosen)
    columns = (kept.get(name, [""] * count) for name in (DOCUMENT_ID, WINDOW_START, WINDOW_END))
    places = zip(*columns, strict=True)
    by_key = {part.key: list(itertools.islice(places, len(rows))) for part, rows in chosen}
    words: dict[str, list[str]] = {}
    for split, parts in by_split(job.splits, chosen):
        with contextlib.suppress(OSError, ValueError):
            for part in reread.read_parts(job, split, parts):
                key = header_of(part).key
                words[key] = _first_words(part, by_key[key], job.config.cut_fields)
    return tuple(text for part, rows in chosen for text in words.get(part.key) or [""] * len(rows))


def _first_words(
    part: pa.RecordBatch, places: Sequence[_Place], cut: CutFields | None
) -> list[str]:
    body = part.column(TEXT_B if TEXT_B in part.schema.names else TEXT)
    body = body if cut is None else split_texts(part, cut).middles
    ids = {id_ for id_, _, _ in places}
    columns = (column.to_pylist() for column in (part.column(ID), body))
    texts = {id_: text for id_, text in zip(*columns, strict=True) if id_ in ids}
    return [
        shorten(texts[id_][int(begin) : int(end)].decode("utf-8", "replace"))
        if id_ in texts and begin
        else ""
        for id_, begin, end in places
    ]
