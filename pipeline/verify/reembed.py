"""Embed documents again from their sources and compare them with the records of a job."""

import bisect
import collections
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.output import read_records, reread
from pipeline.output.layout import RUN_FILE, TRANSFORM_FN
from pipeline.output.open_job import Job
from pipeline.output.read_records import Layout
from pipeline.verify import recompute
from pipeline.verify.comparison import Comparison
from pipeline.verify.recompute import Stages
from pipeline.verify.verdict import SampleResult, unread_line
from transforms import metrics
from transforms.columns import concatenate
from transforms.documents import Split, header_of
from transforms.groups.read_split import SourceError
from transforms.receipts import Receipt
from transforms.records import record_files

# Receipts of parts, each with the rows to compare, by the key of the part.
_Rows = dict[str, tuple[Receipt, list[int]]]


def embed_again(
    job: Job, layout: Layout, parts: Sequence[Receipt], path: Path, number: int
) -> SampleResult:
    """Embed a sample of documents again, as the job did, and compare.

    Args:
        job: the job.
        layout: of its records.
        parts: receipts of the parts to sample from; parts without damage.
        path: folder of the module that the job used.
        number: the number of documents to sample; all if there are fewer.

    Raises:
        ValueError: the module cannot be run.
    """
    chosen = spread_rows([part.counts[metrics.EMBEDDED] for part in parts], number)
    stages = recompute.load_stages(job, path)
    by_split: dict[int, _Rows] = collections.defaultdict(dict)
    for place, rows in chosen.items():
        by_split[_split_of(job.splits, parts[place])][parts[place].key] = parts[place], rows
    comparison = Comparison(job.config.dtype, [field.name for field in layout.records.kept])
    comparison.faults += stages.transform.faults
    if stages.widths != layout.widths:
        comparison.faults.append(f"{RUN_FILE}: the widths of vectors are not those of the module")
        return comparison.result()
    for place, wanted in sorted(by_split.items()):
        _compare_split(job, layout, stages, job.splits[place], wanted, comparison)
    return comparison.result()


def spread_rows(counts: Sequence[int], number: int) -> dict[int, list[int]]:
    """Choose rows that are spread evenly over the documents of parts.

    Args:
        counts: the number of documents of each part.
        number: how many rows to choose.

    Returns:
        Rows by the number of the part, ascending.

    >>> spread_rows([3, 0, 5], 4)
    {0: [1], 2: [0, 2, 4]}
    """
    ends = np.cumsum(np.asarray(counts, np.int64))
    total = int(ends[-1]) if len(ends) else 0
    size = min(number, total)
    chosen: dict[int, list[int]] = {}
    for place in ((2 * n + 1) * total // (2 * size) for n in range(size)):
        part = int(np.searchsorted(ends, place, side="right"))
        chosen.setdefault(part, []).append(int(place - ends[part] + counts[part]))
    return chosen


def _split_of(splits: Sequence[Split], part: Receipt) -> int:
    """Return the number of the split of a part: the last of its file that begins no later."""
    numbers = [number for number, split in enumerate(splits) if split.source.path == part.source]
    starts = [splits[number].start for number in numbers]
    return numbers[bisect.bisect_right(starts, part.start) - 1]


def _compare_split(
    job: Job,
    layout: Layout,
    stages: Stages,
    split: Split,
    wanted: Mapping[str, tuple[Receipt, list[int]]],
    comparison: Comparison,
) -> None:
    remaining = dict(wanted)
    reason = f"{split.source.path} no longer contains them"
    try:
        for part in reread.read_parts(job, split, wanted):
            receipt, rows = remaining.pop(header_of(part).key)
            made = stages.rows.make(part)
            _compare_rows(job, layout, stages, made, receipt, rows, comparison)
    except SourceError as error:
        reason = str(error)
    except OSError as error:
        # Of a file of the job: nobody but the job may take or change it.
        comparison.faults.append(unread_line(f"{split.source.path}: a file of its parts", error))
        return
    if remaining:
        count = sum(len(rows) for _, rows in remaining.values())
        comparison.not_checked.append(f"{count:,} documents of the sample: {reason}")


def _compare_rows(
    job: Job,
    layout: Layout,
    stages: Stages,
    part: pa.RecordBatch,
    receipt: Receipt,
    rows: Sequence[int],
    comparison: Comparison,
) -> None:
    """Embed documents of a part again and compare; `rows` counts its embedded documents only."""
    embedded = reread.embedded_rows(job.folder, receipt, part)
    if len(embedded) != receipt.counts[metrics.EMBEDDED]:
        comparison.faults.append(
            f"{receipt.name}: its source has {len(embedded):,} documents that were not rejected, "
            f"its receipt has {receipt.counts[metrics.EMBEDDED]:,}"
        )
        return
    documents = part.take(pa.array(embedded[list(rows)]))
    if not stages.transform.agrees_on(documents):
        comparison.faults.append(
            f"{TRANSFORM_FN}/: for documents of {receipt.name} its wordpieces are not those of the "
            "module"
        )
    computed = stages.embed(documents)
    if computed.num_rows < len(rows):
        comparison.faults.append(f"{receipt.name}: documents that were embedded are rejected now")
        return
    comparison.documents += len(rows)
    for family in layout.records.families:
        path = f"{family}/{receipt.name}{layout.records.ending}"
        stored = read_records.read_rows(job.folder, path, rows, family, layout)
        comparison.add(path, stored, _as_stored(computed, family, layout))


def _as_stored(part: pa.RecordBatch, family: str, layout: Layout) -> pa.RecordBatch:
    """Write records to memory and read them, so that they are rounded as stored records are."""
    blocks = record_files.encode(part, family, layout.records)
    content = io.BytesIO(b"".join(block for block, _ in blocks))
    reader = record_files.reader(family, layout.records, layout.widths)
    return concatenate(list(reader.read(content)))
