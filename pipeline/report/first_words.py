"""Read the first words of documents from their sources."""

import bisect
import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output import reread
from pipeline.output.open_job import Job
from transforms.documents import POSITION, TEXT, Source, Split, files_of, header_of
from transforms.groups.grouping import group_of, split_of_file
from transforms.metrics import EMBEDDED
from transforms.receipts import Receipt
from transforms.splits.collecting import collect
from transforms.splits.file_columns import PATH

_MAX_CHARACTERS = 90

_ByKey = dict[str, tuple[Receipt, np.ndarray]]


def read_first_words(job: Job, chosen: Sequence[tuple[Receipt, np.ndarray]]) -> tuple[str, ...]:
    """Read the first words of chosen documents.

    Args:
        job: the job.
        chosen: receipts of parts, each with the rows of its chosen documents.

    Returns:
        A text for each document, empty if its source is gone or has changed.
    """
    words: dict[str, list[str]] = {}
    for split, parts in by_split(job.splits, chosen):
        if split.members and split.is_one_part:
            words |= {key: _words_of_files(job, split, *part) for key, part in parts.items()}
            continue
        with contextlib.suppress(OSError, ValueError):
            for part in reread.read_parts(job, split, parts):
                key = header_of(part).key
                words[key] = _first_words(job, part, *parts[key])
    return tuple(text for part, rows in chosen for text in words.get(part.key) or [""] * len(rows))


def by_split(
    splits: Sequence[Split], chosen: Sequence[tuple[Receipt, np.ndarray]]
) -> Iterator[tuple[Split, _ByKey]]:
    """Yield each split that has chosen parts, with these parts by their keys."""
    paths = pa.array(sorted({part.source for part, _ in chosen}), pa.large_string())
    columns = collect(splits)
    is_chosen = pc.is_in(columns.files.columns.column(PATH), value_set=paths)
    of_files = columns.take(is_chosen.to_numpy(zero_copy_only=False)[columns.rows["file"]])
    ordered = sorted(of_files, key=lambda split: (split.source.path, split.start))
    starts = [(split.source.path, split.start) for split in ordered]
    by_place: dict[int, _ByKey] = {}
    for part, rows in chosen:
        place = bisect.bisect_right(starts, (part.source, part.start)) - 1
        by_place.setdefault(place, {})[part.key] = (part, rows)
    return ((ordered[place], parts) for place, parts in by_place.items() if place >= 0)


def _first_words(job: Job, part: pa.RecordBatch, receipt: Receipt, rows: np.ndarray) -> list[str]:
    embedded = reread.embedded_rows(job.folder, receipt, part)
    if len(embedded) != receipt.counts[EMBEDDED]:
        return []
    texts = part.column(TEXT).take(pa.array(embedded[rows])).to_pylist()
    return [shorten(text.decode("utf-8", "replace")) for text in texts]


def _words_of_files(job: Job, split: Split, receipt: Receipt, rows: np.ndarray) -> list[str]:
    """Read the first words of documents of a part of several files, from their files alone."""
    paths, places = receipt.places_of_rows(rows.tolist())
    chosen = set(paths)
    files = [file for file in split.members if file.path in chosen]
    texts: dict[str, list[bytes]] = {path: [] for path in paths}
    # The paths in a damaged receipt are no files of the split.
    with contextlib.suppress(OSError, ValueError, LookupError):
        rejected = reread.rejected_places(job.folder, receipt)
        lost = {(path, position) for path, position, _ in rejected}
        for part in reread.read_all(job, _of_files(files)):
            for path, position, text in _documents(part):
                if (path, position) not in lost:
                    texts[path].append(text)
    found = (texts[path][place : place + 1] for path, place in zip(paths, places, strict=True))
    return [shorten(one[0].decode("utf-8", "replace")) if one else "" for one in found]


def _of_files(files: Sequence[Source]) -> Split:
    return group_of(files) if len(files) > 1 else split_of_file(files[0])


def _documents(part: pa.RecordBatch) -> Iterator[tuple[str, int, bytes]]:
    """Yield the file, the position and the text of each document."""
    paths, numbers = files_of(part)
    columns = (part.column(name).to_pylist() for name in (POSITION, TEXT))
    for number, position, text in zip(numbers.tolist(), *columns, strict=True):
        yield paths[number], position, text


def shorten(text: str) -> str:
    """Return the first words of a text, on one line."""
    line = " ".join(text[: 4 * _MAX_CHARACTERS].split())
    return line if len(line) <= _MAX_CHARACTERS else f"{line[:_MAX_CHARACTERS]}…"
