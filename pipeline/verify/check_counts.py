"""Check the counts of a part's computation against the lengths of its documents."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from transforms import metrics
from transforms.batching.windows import cut_windows
from transforms.receipts import Receipt
from transforms.rejects import Reason


@dataclasses.dataclass(frozen=True)
class PartCounts:
    """The counts of a receipt that tell of the computation.

    Attributes:
        computed: documents that were embedded, or on which the model failed.
        failed: those on which the model failed.
    """

    computed: int
    failed: int
    repeated: int
    repeated_elsewhere: int
    reused: int
    computed_tokens: int
    padded_tokens: int
    batches: int
    halved_batches: int


def count_faults(receipt: Receipt, num_tokens: np.ndarray, config: EmbedConfig) -> list[str]:
    """Return what the counts of a receipt cannot be.

    Without repeats, reused vectors and failures of the model, the lengths of the documents
    determine the counts. Else they have limits: the records do not show which documents were
    computed.

    Args:
        receipt: of a part without damage.
        num_tokens: int64 [documents], the length of each embedded document.
        config: of the job.
    """
    counts = _counts_of(receipt)
    is_determined = not (
        counts.repeated
        or counts.reused
        or counts.failed
        or counts.halved_batches
        or config.compute.xla_buckets
    )
    lines = _determined(counts, num_tokens, config) if is_determined else _limits(counts)
    if counts.repeated_elsewhere and config.dedup != CORPUS:
        lines = [*lines, f"{metrics.REPEATED_ELSEWHERE} is not 0, but there is no table"]
    return list(lines)


def _counts_of(receipt: Receipt) -> PartCounts:
    failed = receipt.reasons.get(Reason.MODEL_FAILED.value, 0)
    names = [field.name for field in dataclasses.fields(PartCounts)[2:]]
    counts = {name: receipt.counts.get(name, 0) for name in names}
    return PartCounts(receipt.counts[metrics.EMBEDDED] + failed, failed, **counts)


def _determined(counts: PartCounts, num_tokens: np.ndarray, config: EmbedConfig) -> list[str]:
    windows = cut_windows(np.concatenate([[0], np.cumsum(num_tokens)]), config.windows_of_rows)
    batches = config.batching.plan(windows.lengths)
    expected = {
        metrics.COMPUTED_TOKENS: int(windows.lengths.sum()),
        metrics.PADDED_TOKENS: sum(int(windows.lengths[b[0]]) * len(b) for b in batches),
        metrics.BATCHES: len(batches),
    }
    return [
        f"{name} is {getattr(counts, name)}, by the lengths of its documents {number}"
        for name, number in expected.items()
        if getattr(counts, name) != number
    ]


def _limits(counts: PartCounts) -> Iterator[str]:
    if counts.reused > counts.computed:
        yield f"{metrics.REUSED} is {counts.reused} of {counts.computed} documents"
    others = counts.computed - counts.reused
    if not counts.repeated_elsewhere <= counts.repeated <= others:
        yield f"{metrics.REPEATED} is {counts.repeated} of {others} documents"
    if not counts.failed and counts.computed_tokens > counts.padded_tokens:
        yield f"{metrics.COMPUTED_TOKENS} are more than {metrics.PADDED_TOKENS}"
    if counts.batches > counts.computed_tokens:
        yield f"{metrics.BATCHES} are more than {metrics.COMPUTED_TOKENS}"
