"""The result of `embed`, for programs and for people."""

import collections
import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.generations.history import FIRST, History, RecordChanges
from pipeline.manifest import Progress
from pipeline.output import plan_comparison
from pipeline.output.quality import describe_documents, worst_files
from transforms.bert.agreement import CosineAgreement
from transforms.dedup.repeat_files import TableReceipt
from transforms.features import FLOAT32, NUM_TOKENS, NUM_WORDPIECES, TRUNCATED
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS, PAIRS, REPEATED_ELSEWHERE, REUSED
from transforms.receipts import shares, unit_of

# Files with a higher [UNK] rate are named.
MUCH_UNKNOWN = 0.1


@dataclasses.dataclass(frozen=True)
class Summary:
    """The result of `embed`.

    Attributes:
        output: the output folder.
        progress: all parts of the finished job.
        seconds: wall time of this call, without that of earlier calls.
        parts_before: parts of earlier calls that were still valid.
        redone: descriptions of damaged parts that were done again.
        precision: type of the model's matrix products.
        agreement: cosine agreement of a sample with float32; None if the precision is float32.
        table: of the documents that repeat in the corpus; None without `--dedup corpus`.
        left_out: what matches the input but is not part of the corpus, in lines.
        history: of the generation; None for the first one.
        is_new_generation: whether this call replaced the manifest of another generation.
        carried: parts of changed files that this call kept, because their documents are the same.
    """

    output: str
    progress: Progress
    seconds: float
    parts_before: int
    redone: tuple[str, ...] = ()
    precision: str = FLOAT32
    agreement: CosineAgreement | None = None
    table: TableReceipt | None = None
    left_out: tuple[str, ...] = ()
    history: History | None = None
    is_new_generation: bool = False
    carried: int = 0

    @property
    def nothing_left(self) -> bool:
        """Return whether the job was complete before this call."""
        return self.parts_before == len(self.progress.parts) and not self.is_new_generation

    @property
    def generation(self) -> int:
        """The number of the generation that the folder has now."""
        return self.history.generation if self.history else FIRST


def to_text(summary: Summary) -> str:
    """Return the result in a few lines."""
    counts = collections.Counter(summary.progress.counts())
    files, sizes = summary.progress.written()
    megabytes = sum(sizes.values()) / 1e6
    written = ", ".join(f"{count:,} in {folder}/" for folder, count in files.items())
    if summary.nothing_left:
        first = f"nothing left to do: {summary.output} is complete (checked in {{:.1f}} s)"
    else:
        first = f"done in {{:.1f}} s: {summary.output}"
        if summary.parts_before:
            first += f" (continued; {summary.parts_before} parts were done before)"
    if summary.redone:
        first += (
            f"\nredone      {len(summary.redone)} damaged parts: {'; '.join(summary.redone[:3])}"
        )
    padding = counts[PADDED_TOKENS] - counts[COMPUTED_TOKENS]
    rates = shares(counts)
    reasons = ", ".join(f"{n} {why}" for why, n in sorted(summary.progress.reasons().items()))
    return "\n".join(
        [
            first.format(summary.seconds),
            *_generation(summary.history, summary.carried),
            f"documents   {describe_documents(counts)}: {counts['embedded']:,} embedded"
            + (f" ({counts[PAIRS]:,} pairs)" if counts[PAIRS] else "")
            + f", {counts['rejected']:,} rejected"
            + (f" ({reasons})" if reasons else ""),
            f"wordpieces  {counts[NUM_WORDPIECES]:,}, {rates['unknown']:.1%} [UNK]; "
            f"{counts[TRUNCATED]:,} {unit_of(counts)} truncated ({rates['truncated']:.1%})",
            *_unknown(summary.progress),
            f"tokens      {counts[NUM_TOKENS]:,} embedded, {counts[COMPUTED_TOKENS]:,} computed, "
            f"{padding / max(1, counts[PADDED_TOKENS]):.1%} padding",
            *_repeats(summary.table, counts),
            *_reused(counts),
            *_precision(summary.precision, summary.agreement),
            f"files       {written}; {megabytes:,.1f} MB",
            *(f"left out    {line}" for line in summary.left_out),
        ]
    )


def _generation(history: History | None, carried: int) -> list[str]:
    lines = []
    if history is not None:
        changes = (history.added, history.changed, history.gone)
        files = plan_comparison.describe(history.unchanged, *map(len, changes))
        lines.append(f"generation  {history.generation}: {files}")
        if history.changes:
            lines.append(f"changes     {describe_changes(history.changes)}")
    return [*lines, f"kept        {carried:,} parts of changed files"] if carried else lines


def _changes_in(history: History | None) -> dict[str, Any] | None:
    changes = history.changes if history else None
    return msgspec.to_builtins(changes) if changes else None


def describe_changes(changes: RecordChanges) -> str:
    """Return numbers of records as text."""
    return (
        f"{changes.added:,} records added, {changes.changed:,} changed, {changes.removed:,} removed"
    )


def to_fields(summary: Summary) -> dict[str, Any]:
    """Return the result by the names in JSON."""
    progress = summary.progress
    counts = progress.counts()
    files, sizes = progress.written()
    table = summary.table
    dedup = {"documents": table.documents, "left_out": table.left_out} if table else None
    return {
        "folder": summary.output,
        "seconds": summary.seconds,
        "nothing_left": summary.nothing_left,
        "parts": len(progress.parts),
        "parts_before": summary.parts_before,
        "redone": summary.redone,
        "counts": counts,
        "shares": shares(counts),
        "reasons": progress.reasons(),
        "files": files,
        "bytes": sizes,
        "computed_in": summary.precision,
        "precision": summary.agreement,
        "dedup": dedup,
        "left_out": summary.left_out,
        "generation": summary.generation,
        "carried": summary.carried,
        "changes": _changes_in(summary.history),
    }


def _repeats(table: TableReceipt | None, counts: Mapping[str, int]) -> list[str]:
    if table is None:
        return []
    full = f"; no room for {table.left_out:,} more" if table.left_out else ""
    return [
        f"repeats     {counts[REPEATED_ELSEWHERE]:,} documents taken from a table of "
        f"{table.documents:,} that occur in several parts{full}"
    ]


def _reused(counts: Mapping[str, int]) -> list[str]:
    reused = counts.get(REUSED, 0)
    return [f"reused      {reused:,} {unit_of(counts)} got vectors of earlier parts"] * bool(reused)


def _precision(precision: str, agreement: CosineAgreement | None) -> list[str]:
    if agreement is None:
        return []
    # Rounded down, so that no printed value is above the measured one.
    cosines = (agreement.smallest_cosine, agreement.mean_cosine)
    least, mean = (math.floor(cosine * 1e5) / 1e5 for cosine in cosines)
    return [
        f"precision   {precision}: of {agreement.documents} documents the cosine to float32 is at "
        f"least {least:.5f}, {mean:.5f} on average; "
        f"{agreement.neighbours_kept:.1%} of the ten nearest stay"
    ]


def _unknown(progress: Progress) -> list[str]:
    """Name the files with the highest [UNK] rates."""
    files = worst_files(progress, "unknown", above=MUCH_UNKNOWN)
    return [f"[UNK]       {', '.join(files)}"] if files else []
