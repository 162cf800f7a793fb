"""`status`: the progress of a job, from its files only."""

import collections
import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pipeline import manifest
from pipeline.output import activity, job_progress, layout, plan_file, run_file
from pipeline.output.layout import RUN_FILE
from pipeline.output.run_file import Run
from transforms import escaping
from transforms.documents import Split
from transforms.features import NUM_TOKENS
from transforms.receipts import Receipt, shares

# Seconds; a time so far away cannot be shown as a date.
_NEVER = 1e10
# Seconds over which the speed is measured.
_WINDOW = 600.0
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
            first part.
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


def measure(folder: str) -> Status:
    """Read the state of a job.

    Raises:
        ValueError: the folder is not the output folder of a job, or is damaged.
    """
    run = run_file.load_run(folder)
    if run is None:
        raise ValueError(layout.describe_missing(folder, RUN_FILE))
    plan = plan_file.load_stored(folder)
    plan_file.check_sha256(plan.sha256, run.plan)
    return measure_job(plan.splits, run, manifest.load_receipts(folder) if run.transform else [])


def measure_job(splits: Sequence[Split], run: Run, receipts: Iterable[Receipt]) -> Status:
    """Compare the receipts of a job with its plan."""
    progress = job_progress.match_receipts(splits, receipts, run)
    counts = progress.counts()
    files, sizes = progress.written()
    speed = tokens_per_second(progress.parts)
    return Status(
        parts=len(progress.parts),
        expected_parts=_expected(splits),
        complete=progress.complete,
        documents=counts.get("documents", 0),
        embedded=counts.get("embedded", 0),
        rejected=counts.get("rejected", 0),
        tokens=counts.get(NUM_TOKENS, 0),
        tokens_per_second=speed,
        seconds_left=_seconds_left(progress.parts, splits, speed, progress.complete),
        median_tokens=_quantile(run, _MEDIAN),
        long_tokens=_quantile(run, _LONG),
        unread=tuple(f"{split.source.path}: {split.unread}" for split in splits if split.unread),
        counts=counts,
        shares=shares(counts),
        reasons=progress.reasons(),
        files=files,
        bytes=sizes,
        seconds=progress.seconds(),
    )


def repeated_measure(folder: str, splits: Sequence[Split], run: Run) -> Callable[[], Status]:
    """Return a function that measures a running job, and reads each receipt only once."""
    receipts: dict[str, Receipt] = {}

    def measure_again() -> Status:
        for receipt in manifest.new_receipts(folder, receipts.keys()):
            receipts[receipt.name] = receipt
        return measure_job(splits, run, receipts.values())

    return measure_again


def _quantile(run: Run, place: int) -> int | None:
    return None if run.transform is None else run.transform.length_quantiles[place]


def _expected(splits: Sequence[Split]) -> int | None:
    """Return the number of parts, if every split is one part."""
    return len(splits) if all(split.is_one_part for split in splits) else None


def tokens_per_second(parts: Sequence[Receipt]) -> float | None:
    """Return the speed over the last ten minutes before the newest receipt, without pauses."""
    if not parts:
        return None
    newest = max(part.finished for part in parts)
    recent = [part for part in parts if part.finished > newest - _WINDOW]
    worked = activity.of_parts(recent).seconds
    return sum(part.counts.get(NUM_TOKENS, 0) for part in recent) / worked if worked > 0 else None


def _seconds_left(
    parts: Sequence[Receipt], splits: Sequence[Split], speed: float | None, complete: bool
) -> float | None:
    """Estimate the time left; the other parts are assumed to be as dense as the finished ones."""
    if complete:
        return 0.0
    all_bytes = sum(split.bytes for split in splits)
    ends = [split.end for split in splits]
    if not speed or None in ends:
        return None
    widths = _bytes_per_position(splits)
    done_bytes = sum((part.end - part.start) * widths.get(part.source, 0.0) for part in parts)
    if not done_bytes:
        return None
    tokens = sum(part.counts.get(NUM_TOKENS, 0) for part in parts)
    left = (all_bytes - done_bytes) * tokens / done_bytes / speed
    return left if 0 <= left < _NEVER else None


def _bytes_per_position(splits: Sequence[Split]) -> dict[str, float]:
    """Return the bytes of a position, by source: 1, unless positions count documents."""
    stored: collections.Counter[str] = collections.Counter()
    positions: collections.Counter[str] = collections.Counter()
    for split in splits:
        stored[split.source.path] += split.bytes
        positions[split.source.path] += (split.end or 0) - split.start
    return {path: stored[path] / max(1, positions[path]) for path in stored}


def to_line(status: Status) -> str:
    """Return the most important figures in one line."""
    parts = f"{status.parts:,} of {status.expected_parts:,}" if status.expected_parts else ""
    pieces = [f"{parts or f'{status.parts:,}'} parts", f"{status.documents:,} documents"]
    if status.rejected:
        pieces.append(f"{status.rejected:,} rejected")
    if status.tokens_per_second is not None:
        pieces.append(f"{status.tokens_per_second:,.0f} tokens/s")
    if status.seconds_left is not None:
        pieces.append(f"{clock(status.seconds_left)} left")
    return ", ".join(pieces)


def clock(seconds: float) -> str:
    """Format a duration.

    >>> clock(59.6), clock(7322)
    ('1:00', '2:02:02')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def to_text(status: Status) -> str:
    """Return the figures in a few lines."""
    total = "an unknown number" if status.expected_parts is None else str(status.expected_parts)
    lines = [
        f"parts      {status.parts} of {total}" + (", complete" if status.complete else ""),
        f"documents  {status.documents:,} ({status.embedded:,} embedded, "
        f"{status.rejected:,} rejected)",
        f"tokens     {status.tokens:,}",
    ]
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
