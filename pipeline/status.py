"""`status`: the progress of a job, from its files only."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pipeline.generations.history import FIRST, current_generation
from pipeline.output import (
    activity,
    amounts,
    earlier_plans,
    job_progress,
    layout,
    plan_file,
    run_file,
)
from pipeline.output.amounts import DoneAmounts, PlannedAmounts
from pipeline.output.layout import RUN_FILE
from pipeline.output.recent_speed import WINDOW, RecentSpeed
from pipeline.output.run_file import Run
from pipeline.parts import named_sums
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_columns import COUNTS, SECONDS
from pipeline.parts.receipt_store import ReceiptStore, load_receipts
from pipeline.parts.receipt_table import table_of
from transforms import escaping
from transforms.documents import Split
from transforms.features import NUM_TOKENS
from transforms.metrics import REUSED, ROWS
from transforms.receipts import Receipt, shares
from transforms.running.board import Snapshot
from transforms.splits.collecting import collect

# Seconds; a time so far away cannot be shown as a date.
_NEVER = 1e10
# Places of the 50% and 95% quantiles among the 19 that tf.Transform learns.
_MEDIAN, _LONG = 9, 18


@dataclasses.dataclass(frozen=True)
class Status:
    """The progress of a job.

    Attributes:
        parts: parts done.
        expected_parts: parts of the whole job, or None if unknown before reading (gzip).
        complete: whether every split is done.
        documents, embedded, rejected, tokens: sums over the parts done.
        tokens_per_second: over the last ten minutes in which parts were computed; None before the
            first part, or, in the process of a job on this machine, before its first batch.
        seconds_left: at that speed, or None if unknown.
        median_tokens, long_tokens: lengths in the analyzed sample, [CLS] and [SEP] included, and
            truncated at --max_seq_length unless there are windows: 50% and 95% of the documents are
            at most as long. None before the analysis.
        unread: a line for each file or folder that could not be read when the job was planned.
        counts: sums over the parts done, by the names in receipts.
        shares: of them; see `receipts.shares`.
        reasons: rejected documents by reason.
        files, bytes: that were written, by folder.
        seconds: the time of all workers, by stage.
        expected_documents: of the whole job, if its files say their numbers (Parquet); else None.
        documents_done: those of the parts done, and of parts that are computed in this process or
            its workers, by the share of their batches that are done.
        input_bytes: stored bytes of the input.
        input_bytes_done: those of `documents_done`; None if unknown before reading (of a gzip).
        generation: the number of the generation that the job computes, or has computed.
        published: the number of the generation that readers have; None if none is finished.
    """

    parts: int
    expected_parts: int | None
    complete: bool
    documents: int
    embedded: int
    rejected: int
    tokens: int
    tokens_per_second: float | None
    seconds_left: float | None
    median_tokens: int | None
    long_tokens: int | None
    unread: tuple[str, ...] = ()
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    shares: Mapping[str, float] = dataclasses.field(default_factory=dict)
    reasons: Mapping[str, int] = dataclasses.field(default_factory=dict)
    files: Mapping[str, int] = dataclasses.field(default_factory=dict)
    bytes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    seconds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    expected_documents: int | None = None
    documents_done: int = 0
    input_bytes: int = 0
    input_bytes_done: float | None = None
    generation: int = FIRST
    published: int | None = None

    @property
    def share_done(self) -> float | None:
        """The share of the input that is done, by stored bytes; None if unknown."""
        if self.complete:
            return 1.0
        if self.input_bytes_done is None or not self.input_bytes:
            return None
        return min(1.0, self.input_bytes_done / self.input_bytes)


def measure(folder: str) -> Status:
    """Read the state of a job.

    Raises:
        ValueError: the folder is not the output folder of a job, or is damaged.
    """
    run = run_file.load_run(folder)
    if run is None:
        raise ValueError(layout.describe_missing(folder, RUN_FILE))
    plan = earlier_plans.load_followed(folder, run)
    plan_file.check_sha256(plan.sha256, run.plan)
    measured = measure_job(plan.splits, run, load_receipts(folder) if run.transform else [])
    return dataclasses.replace(measured, published=_published(folder))


def _published(folder: str) -> int | None:
    """Return the number of the generation that readers have; None if they have none."""
    try:
        return current_generation(folder)
    except ValueError:
        return None


def measure_job(splits: Sequence[Split], run: Run, receipts: Iterable[Receipt]) -> Status:
    """Compare the receipts of a job with its plan."""
    plan = amounts.plan_amounts(splits)
    progress = job_progress.match_receipts(splits, receipts, run)
    done = amounts.done_amounts(plan, progress.parts)
    return _status(splits, run, progress, plan, done, tokens_per_second(progress.parts))


def _status(
    splits: Sequence[Split],
    run: Run,
    progress: Progress,
    plan: PlannedAmounts,
    done: DoneAmounts,
    speed: float | None,
) -> Status:
    counts = progress.counts()
    files, sizes = progress.written()
    return Status(
        parts=len(progress.parts),
        expected_parts=_expected(splits),
        complete=progress.complete,
        documents=counts.get("documents", 0),
        embedded=counts.get("embedded", 0),
        rejected=counts.get("rejected", 0),
        tokens=counts.get(NUM_TOKENS, 0),
        tokens_per_second=speed,
        seconds_left=0.0 if progress.complete else _seconds_left(plan, done, speed),
        median_tokens=_quantile(run, _MEDIAN),
        long_tokens=_quantile(run, _LONG),
        unread=tuple(f"{split.source.path}: {split.unread}" for split in collect(splits).unread),
        counts=counts,
        shares=shares(counts),
        reasons=progress.reasons(),
        files=files,
        bytes=sizes,
        seconds=progress.seconds(),
        expected_documents=plan.documents,
        documents_done=done.documents,
        input_bytes=plan.bytes,
        input_bytes_done=done.bytes,
        generation=run.generation,
    )


def repeated_measure(
    folder: str,
    splits: Sequence[Split],
    run: Run,
    snapshot: Callable[[], Snapshot] = Snapshot,
    report: Callable[[Receipt], object] = id,
    receipts: ReceiptStore | None = None,
) -> Callable[[], Status]:
    """Return a function that measures a running job, and reads each receipt only once.

    It also writes segments of the receipts, so it is called under the lock of the folder.

    Args:
        folder: the output folder.
        splits: the plan.
        run: the run.
        snapshot: returns the parts that are computed now, where this process can see them.
        report: is called once with each receipt that was made after this call.
        receipts: those in the folder that were read before; None if there are none.
    """
    began = time.time()
    plan = amounts.plan_amounts(splits)
    store = receipts or ReceiptStore(folder)
    recent = RecentSpeed()
    sees_batches = False

    def measure_again() -> Status:
        nonlocal sees_batches
        # Before the receipts: a part that ends in between is known by its receipt.
        running = snapshot()
        new = store.read()
        for receipt in new.select(new.numbers("finished") > began):
            report(receipt)
        store.write_segments()
        progress = job_progress.match_receipts(splits, store.table, run)
        done = amounts.done_amounts(plan, progress.parts, running)
        speed = recent.add(time.monotonic(), done.tokens)
        sees_batches = sees_batches or bool(running.parts)
        if not sees_batches:
            # Parts of earlier calls say nothing of the speed of this one.
            table = progress.table
            speed = tokens_per_second(table.select(table.numbers("finished") > began))
        return _status(splits, run, progress, plan, done, speed)

    return measure_again


def _quantile(run: Run, place: int) -> int | None:
    return None if run.transform is None else run.transform.length_quantiles[place]


def _expected(splits: Sequence[Split]) -> int | None:
    """Return the number of parts, if every split is one part."""
    return len(splits) if all(split.is_one_part for split in splits) else None


def tokens_per_second(parts: Sequence[Receipt]) -> float | None:
    """Return the speed over the last ten minutes before the newest receipt, without pauses."""
    table = table_of(parts)
    finished = table.numbers("finished")
    if not len(finished):
        return None
    # Parts that were carried took no time.
    is_recent = (finished > finished.max() - WINDOW) & named_sums.has_numbers(table, SECONDS)
    recent = table.select(is_recent)
    worked = activity.of_parts(recent).seconds
    tokens = named_sums.totals(recent, COUNTS).get(NUM_TOKENS, 0)
    return tokens / worked if worked > 0 else None


def _seconds_left(plan: PlannedAmounts, done: DoneAmounts, speed: float | None) -> float | None:
    """Estimate the time left; the rest is assumed to have as many tokens a byte as what is done."""
    if not speed or not done.bytes:
        return None
    left = max(0.0, plan.bytes - done.bytes) * done.tokens / done.bytes / speed
    return left if left < _NEVER else None


def to_line(status: Status) -> str:
    """Return the most important figures in one line."""
    pieces = [
        f"{_of(status.parts, status.expected_parts)} parts",
        f"{_of(status.documents_done, status.expected_documents)} documents",
    ]
    if status.share_done is not None:
        pieces.append(f"{math.floor(100 * status.share_done)}% of {size(status.input_bytes)}")
    if status.rejected:
        pieces.append(f"{status.rejected:,} rejected")
    if status.tokens_per_second is not None:
        pieces.append(f"{status.tokens_per_second:,.0f} tokens/s")
    if status.seconds_left is not None:
        pieces.append(f"{clock(status.seconds_left)} left")
    return ", ".join(pieces)


def _of(done: int, expected: int | None) -> str:
    return f"{done:,}" if expected is None else f"{done:,} of {expected:,}"


def clock(seconds: float) -> str:
    """Format a duration.

    >>> clock(59.6), clock(7322)
    ('1:00', '2:02:02')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """Format a number of bytes.

    >>> size(1_250_000), size(2.5e9)
    ('1.2 MB', '2.5 GB')
    >>> size(345)
    '345 bytes'
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:.0f} bytes"


def _generation(status: Status) -> list[str]:
    """Return a line on the generations of a folder that was updated."""
    if status.published is not None and status.published != status.generation:
        return [
            f"generation {status.generation} is being written; readers have generation "
            f"{status.published}"
        ]
    return [] if status.generation == FIRST else [f"generation {status.generation}"]


def to_text(status: Status) -> str:
    """Return the figures in a few lines."""
    total = "an unknown number" if status.expected_parts is None else str(status.expected_parts)
    share = "" if status.share_done is None else f"{math.floor(100 * status.share_done)}% of "
    lines = [
        *_generation(status),
        f"parts      {status.parts} of {total}" + (", complete" if status.complete else ""),
        f"input      {share}{size(status.input_bytes)}",
        f"documents  {_of(status.documents, status.expected_documents)} "
        + (f"in {status.counts[ROWS]:,} rows " if ROWS in status.counts else "")
        + f"({status.embedded:,} embedded, {status.rejected:,} rejected)",
        f"tokens     {status.tokens:,}",
    ]
    if status.counts.get(REUSED):
        lines.append(f"reused     {status.counts[REUSED]:,}, with vectors of earlier parts")
    if status.median_tokens is not None:
        lines.append(
            f"lengths    half of the sample within {status.median_tokens} tokens, "
            f"95% within {status.long_tokens}"
        )
    if status.unread:
        more = f"; and {len(status.unread) - 3} more" if status.unread[3:] else ""
        unread = escaping.one_line("; ".join(status.unread[:3]) + more)
        lines.append(f"unread     {len(status.unread)} when the job was planned: {unread}")
    if status.tokens_per_second is not None:
        lines.append(f"speed      {status.tokens_per_second:,.0f} tokens/s")
    if not status.complete and status.seconds_left is not None:
        at = time.strftime("%H:%M", time.localtime(time.time() + status.seconds_left))
        lines.append(f"time left  about {status.seconds_left:,.0f} s, until {at}")
    return "\n".join(lines)
