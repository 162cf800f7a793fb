"""How much of a corpus is done, in documents, stored bytes and tokens."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.documents import Source, Split
from transforms.features import NUM_TOKENS
from transforms.groups.grouping import is_bounded
from transforms.receipts import Receipt
from transforms.running.board import ReadTo, Snapshot
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


class _Range(NamedTuple):
    """A part and the share of it that is done."""

    source: str
    start: int
    end: int
    share: float


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
    finished = {part.name for part in parts}
    others = [part for part in running.parts if part.name not in finished]
    documents = sum(part.counts.get("documents", 0) for part in parts)
    tokens = sum(part.counts.get(NUM_TOKENS, 0) for part in parts)
    ranges = [_Range(part.source, part.start, part.end, 1.0) for part in parts]
    ranges += [_Range(part.source, part.start, part.end, part.share) for part in others]
    return DoneAmounts(
        documents=documents + int(sum(part.share * part.documents for part in others)),
        tokens=tokens + sum(part.share * part.tokens for part in others),
        bytes=_stored_bytes(ranges, _widths(plan, parts, running.read)),
    )


def _stored_bytes(ranges: Iterable[_Range], widths: Mapping[str, float | None]) -> float | None:
    """Add up the stored bytes of ranges; return None if those of one are unknown."""
    total = 0.0
    for source, start, end, share in ranges:
        width = widths.get(source)
        if width is None:
            return None
        total += share * (end - start) * width
    return total


def _widths(
    plan: PlannedAmounts, parts: Sequence[Receipt], read: Mapping[str, ReadTo]
) -> dict[str, float | None]:
    """Return the stored bytes of a position, by source.

    Where only reading to the end shows the number of positions, as in a gzip, the width is that of
    the source if it is finished, that of what was read of it, or that of similar sources.
    """
    ends = {part.source: part.end for part in parts if part.last}
    endless = [plan.sources[path] for path, width in plan.widths.items() if width is None]
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
