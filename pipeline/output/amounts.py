"""How much of a corpus is done, in documents, stored bytes and tokens."""

import collections
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts import named_sums
from pipeline.parts.receipt_columns import COUNTS
from pipeline.parts.receipt_table import ReceiptTable, table_of
from transforms.documents import Source, Split
from transforms.features import NUM_TOKENS
from transforms.groups.grouping import is_bounded
from transforms.metrics import DOCUMENTS
from transforms.receipts import Receipt
from transforms.running.board import ReadTo, RunningPart, Snapshot
from transforms.splits.collecting import collect
from transforms.splits.file_columns import PATH

_NOTHING = Snapshot()


@dataclasses.dataclass(frozen=True)
class PlannedAmounts:
    """The amounts of a plan, without files that could not be read when it was made.

    Attributes:
        bytes: stored bytes.
        documents: their number, if the plan has read it from the files; else None.
        widths: the stored bytes of a position, by source; None where the number of positions is
            unknown before reading.
        sources: those without a width, by path.
    """

    bytes: int
    documents: int | None
    widths: Mapping[str, float | None]
    sources: Mapping[str, Source]


@dataclasses.dataclass(frozen=True)
class DoneAmounts:
    """What is done.

    Attributes:
        documents, tokens: of finished parts; of parts that are computed, those whose batches are
            done, by estimate.
        bytes: stored bytes that they take; None if unknown.
    """

    documents: int
    tokens: float
    bytes: float | None


def plan_amounts(splits: Sequence[Split]) -> PlannedAmounts:
    """Add up the amounts of a plan."""
    columns = collect(splits)
    readable = columns.take(~columns.is_unread)
    rows, stored = readable.rows, readable.bytes
    paths = readable.files.columns.column(PATH).take(pa.array(rows["file"])).dictionary_encode()
    of_path = paths.indices.to_numpy()
    positions = np.maximum(rows["end"], 0) - rows["start"]
    is_endless = rows["end"] < 0
    is_counted = (rows["stored"] >= 0) & ~is_endless
    sums = np.bincount(of_path, stored), np.bincount(of_path, positions)
    widths = sums[0] / np.maximum(sums[1], 1)
    endless = {split.source.path: split.source for split in readable.take(is_endless)}
    return PlannedAmounts(
        # Sums of int64 would overflow in silence.
        bytes=sum(stored.tolist()),
        documents=sum(positions.tolist()) if is_counted.all() else None,
        widths=dict(zip(paths.dictionary.to_pylist(), widths.tolist(), strict=True))
        | dict.fromkeys(endless),
        sources=endless,
    )


def done_amounts(
    plan: PlannedAmounts, parts: Sequence[Receipt], running: Snapshot = _NOTHING
) -> DoneAmounts:
    """Add up what is done of a plan.

    Args:
        plan: of the whole job.
        parts: the receipts of the job.
        running: parts that are computed now, of which some may have a receipt.
    """
    table = table_of(parts)
    others = _without_receipt(running, table)
    counts = named_sums.totals(table, COUNTS)
    return DoneAmounts(
        documents=counts.get(DOCUMENTS, 0)
        + int(sum(part.share * part.documents for part in others)),
        tokens=counts.get(NUM_TOKENS, 0) + sum(part.share * part.tokens for part in others),
        bytes=_stored_bytes(table, others, _widths(plan, table, running.read)),
    )


def _without_receipt(running: Snapshot, table: ReceiptTable) -> list[RunningPart]:
    """Return the parts that are computed now and are not finished."""
    if not running.parts:
        return []
    names = pa.array([part.name for part in running.parts], pa.string())
    is_finished = pc.is_in(names, table.strings("name")).to_pylist()
    return [part for part, ended in zip(running.parts, is_finished, strict=True) if not ended]


def _stored_bytes(
    table: ReceiptTable, others: Iterable[RunningPart], widths: Mapping[str, float | None]
) -> float | None:
    """Add up the stored bytes of parts; None if some are unknown.

    Args:
        table: receipts of finished parts.
        others: parts of which a share is done.
        widths: the stored bytes of a position, by source.
    """
    paths = pa.array(list(widths), pa.large_string())
    of_files = [math.nan if width is None else width for width in widths.values()]
    # The last one is for sources that the plan does not have.
    width_of = np.array([*of_files, math.nan])
    lengths = table.numbers("end") - table.numbers("start")
    total = float(lengths @ width_of[table.places_in("source", paths)]) if len(table) else 0.0
    for part in others:
        width = widths.get(part.source)
        total += math.nan if width is None else part.share * (part.end - part.start) * width
    return None if math.isnan(total) else total


def _widths(
    plan: PlannedAmounts, table: ReceiptTable, read: Mapping[str, ReadTo]
) -> Mapping[str, float | None]:
    """Return the stored bytes of a position, by source.

    Where only reading to the end shows the number of positions, as in a gzip, the width is that of
    the source if it is finished, that of what was read of it, or that of similar sources.
    """
    endless = [plan.sources[path] for path, width in plan.widths.items() if width is None]
    if not endless:
        return plan.widths
    last = table.select(table.numbers("last"))
    ends = dict(zip(last.values("source"), last.values("end"), strict=True))
    measured: dict[str, ReadTo] = {}
    for source in endless:
        if source.path in ends:
            measured[source.path] = ReadTo(ends[source.path], source.size)
        elif source.path in read:
            measured[source.path] = read[source.path]
    similar: dict[tuple[str, str], list[ReadTo]] = collections.defaultdict(list)
    for path, to in measured.items():
        similar[_kind(plan.sources[path])].append(to)
    widths = dict(plan.widths)
    for source in endless:
        of_source = [measured[source.path]] if source.path in measured else []
        width = _mean_width(of_source or similar[_kind(source)])
        widths[source.path] = 1.0 if width is None and is_bounded(source) else width
    return widths


def _kind(source: Source) -> tuple[str, str]:
    return source.format, source.compression


def _mean_width(read: Sequence[ReadTo]) -> float | None:
    positions = sum(to.position for to in read)
    return sum(to.stored for to in read) / positions if positions else None
