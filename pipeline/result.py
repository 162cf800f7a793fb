"""What `embed` came to, for programs and for people."""

import collections
import dataclasses
import math
from collections.abc import Mapping, Sequence

from pipeline.manifest import Progress
from pipeline.output.quality import worst_files
from transforms.bert.agreement import CosineAgreement
from transforms.dedup.repeat_files import TableReceipt
from transforms.features import NUM_TOKENS, NUM_WORDPIECES, TRUNCATED
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS, PAIRS, REPEATED_ELSEWHERE
from transforms.receipts import WrittenFile, shares

# Files of which more than this share of the wordpieces is unknown are named.
MUCH_UNKNOWN = 0.1


@dataclasses.dataclass(frozen=True)
class Summary:
    """What `embed` came to.

    Attributes:
        output: the output folder.
        progress: all parts of the finished job.
        seconds: wall time of this call; parts done by earlier calls are not in it.
        parts_before: parts that earlier calls had done, and that were still sound.
        redone: what was found damaged, and was done again.
        likeness: what the precision did to the vectors of a sample; None of float32.
        table: of the documents that repeat over the corpus, where one was asked for.
    """

    output: str
    progress: Progress
    seconds: float
    parts_before: int
    redone: tuple[str, ...] = ()
    likeness: CosineAgreement | None = None
    table: TableReceipt | None = None

    @property
    def nothing_left(self) -> bool:
        """Whether the job was complete before this call."""
        return self.parts_before == len(self.progress.parts)


def to_text(summary: Summary) -> str:
    """Say it in a few lines."""
    counts = collections.Counter(summary.progress.counts())
    files = [file for part in summary.progress.parts for file in part.files]
    megabytes = sum(file.bytes for file in files) / 1e6
    if summary.nothing_left:
        first = f"nothing left to do: {summary.output} is complete (looked for {{:.1f}} s)"
    else:
        first = f"done in {{:.1f}} s: {summary.output}"
        if summary.parts_before:
            first += f" (continued; {summary.parts_before} parts were done before)"
    if summary.redone:
        first += (
            f"\nredone      {len(summary.redone)} damaged parts: {'; '.join(summary.redone[:3])}"
        )
    padding = counts[PADDED_TOKENS] - counts[COMPUTED_TOKENS]
    of_whole = shares(counts)
    reasons = ", ".join(f"{n} {why}" for why, n in sorted(summary.progress.reasons().items()))
    return "\n".join(
        [
            first.format(summary.seconds),
            f"documents   {counts['documents']:,}: {counts['embedded']:,} embedded"
            + (f" ({counts[PAIRS]:,} pairs)" if counts[PAIRS] else "")
            + f", {counts['rejected']:,} rejected"
            + (f" ({reasons})" if reasons else ""),
            f"wordpieces  {counts[NUM_WORDPIECES]:,}, {of_whole['unknown']:.1%} unknown; "
            f"{counts[TRUNCATED]:,} documents truncated ({of_whole['truncated']:.1%})",
            *_strangers(summary.progress),
            f"tokens      {counts[NUM_TOKENS]:,} embedded, {counts[COMPUTED_TOKENS]:,} computed, "
            f"{padding / max(1, counts[PADDED_TOKENS]):.1%} padding on top",
            *_repeats(summary.table, counts),
            *_precision(summary.likeness),
            f"files       {_by_folder(files)}; {megabytes:,.1f} MB",
        ]
    )


def _by_folder(files: Sequence[WrittenFile]) -> str:
    folders = collections.Counter(file.path.split("/")[0] for file in files)
    return ", ".join(f"{count:,} in {folder}/" for folder, count in folders.items())


def _repeats(table: TableReceipt | None, counts: Mapping[str, int]) -> list[str]:
    if table is None:
        return []
    full = f"; no room for {table.left_out:,} more" if table.left_out else ""
    return [
        f"repeats     {counts[REPEATED_ELSEWHERE]:,} documents taken from a table of "
        f"{table.documents:,} that stand in several parts{full}"
    ]


def _precision(found: CosineAgreement | None) -> list[str]:
    if found is None:
        return []
    # Rounded down: what is said to be the least must not be more than it.
    least, mean = (math.floor(x * 1e5) / 1e5 for x in (found.smallest_cosine, found.mean_cosine))
    return [
        f"precision   of {found.documents} documents the cosine to float32 is at least "
        f"{least:.5f}, {mean:.5f} on average; "
        f"{found.neighbours_kept:.1%} of the ten nearest stay"
    ]


def _strangers(progress: Progress) -> list[str]:
    """Name the files that the model hardly knows the writing of."""
    files = worst_files(progress, "unknown", above=MUCH_UNKNOWN)
    return [f"unknown     {', '.join(files)}"] if files else []
