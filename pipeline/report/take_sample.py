"""Take a sample of a job's documents, spread evenly over all of them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pipeline.output.open_job import Job
from pipeline.output.read_records import Layout
from pipeline.parts import file_sums, named_sums
from pipeline.parts.receipt_columns import COUNTS
from pipeline.parts.receipt_table import table_of
from pipeline.report.first_words import read_first_words, shorten
from pipeline.report.sample import Sample, join
from pipeline.report.stored_vectors import empty_sample, read_sample
from pipeline.report.words_of_windows import read_words_of_windows
from transforms.metrics import EMBEDDED
from transforms.receipts import Receipt
from transforms.rows.row_config import ROW_TEXT

MAX_DOCUMENTS = 5000
# The number of parts to read. Many small parts cost little; a few large parts are enough.
MAX_PARTS, _MIN_PARTS = 1000, 40
# The bytes of record files to read, if more than `_MIN_PARTS` parts are read.
_MAX_BYTES = 1 << 30


def take_sample(job: Job, parts: Sequence[Receipt]) -> Sample:
    """Take a sample; the same job gives the same sample each time.

    Args:
        job: the job.
        parts: receipts of the parts that are done.

    Raises:
        ValueError, OSError: a file of records cannot be read.
    """
    layout = Layout(job.records, job.run.widths)
    embedded = named_sums.named(table_of(parts), COUNTS, EMBEDDED)
    rows = choose_rows(embedded.tolist(), _max_parts(parts))
    chosen = [(parts[number], part_rows) for number, part_rows in rows.items()]
    samples = [sample for part, rows in chosen for sample in read_sample(job, layout, part, rows)]
    sample = join([empty_sample(layout), *samples])
    if ROW_TEXT in sample.kept and job.config.rows.keep_text:
        words = tuple(map(shorten, sample.kept[ROW_TEXT]))
    elif job.config.rows.are_windows:
        words = read_words_of_windows(job, chosen, sample.kept)
    else:
        words = read_first_words(job, chosen)
    of_rows = [field.rpartition(":")[0] for field in job.config.row_fields]
    kept = {name: values for name, values in sample.kept.items() if name not in of_rows}
    return dataclasses.replace(sample, words=words, kept=kept)


def choose_rows(counts: Sequence[int], max_parts: int) -> dict[int, np.ndarray]:
    """Choose rows at equal distances over the documents of parts.

    If at most `max_parts` parts have documents, `MAX_DOCUMENTS` documents are chosen, or all
    documents if there are fewer. If there are more parts, `max_parts` of them are chosen at equal
    distances first.

    Args:
        counts: the number of documents of each part.
        max_parts: the largest number of parts to choose from.

    Returns:
        Rows, int64 [rows], by the number of the part.

    >>> {number: rows.tolist() for number, rows in choose_rows([3, 0, 2], 9).items()}
    {0: [0, 1, 2], 2: [0, 1]}
    """
    filled = [number for number, count in enumerate(counts) if count]
    size = min(max_parts, len(filled))
    parts = [filled[place * len(filled) // size] for place in range(size)]
    ends = np.cumsum([counts[number] for number in parts], dtype=np.int64)
    total = int(ends[-1]) if size else 0
    documents = min(total, MAX_DOCUMENTS)
    places = np.arange(documents) * total // max(1, documents)
    by_part = np.split(places, np.searchsorted(places, ends[:-1]))
    starts = [0, *ends[:-1].tolist()]
    return {
        number: part_places - start
        for number, part_places, start in zip(parts, by_part, starts, strict=False)
        if len(part_places)
    }


def _max_parts(parts: Sequence[Receipt]) -> int:
    """Return how many parts of the mean size fit into the bytes to read."""
    mean = sum(file_sums.written(table_of(parts))[1].values()) / max(1, len(parts))
    return int(np.clip(_MAX_BYTES / max(1.0, mean), _MIN_PARTS, MAX_PARTS))
