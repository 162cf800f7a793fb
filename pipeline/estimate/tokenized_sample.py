"""Tokenize a sample of a corpus: counts, bytes to write, and batches that a model can run."""

import collections
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import graphs
from pipeline.estimate.choose_pieces import choose_pieces
from pipeline.estimate.read_pieces import (
    ReportUnread,
    SampledPart,
    ignore_unread,
    read_pieces,
)
from pipeline.estimate.record_size import record_bytes
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.job_rows import text_rows
from transforms import rejects
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import Windows, cut_windows
from transforms.bert.module import BertModule
from transforms.documents import REASON, Split, files_of, header_of
from transforms.embedding.distinct import find_distinct
from transforms.embedding.part_embeddings import (
    count_documents,
    reject_oversize,
    take_sequences,
)
from transforms.features import NUM_TOKENS, NUM_UNKNOWN, NUM_WORDPIECES, TRUNCATED
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS
from transforms.rejects import FOLDER as REJECTED
from transforms.tokenize import tokenize_part
from transforms.wordpiece.preprocessing import traced_inputs


@dataclasses.dataclass(frozen=True)
class MeasuredPart:
    """A part of a sample, tokenized and measured.

    Attributes:
        scale: documents of the corpus that each document represents.
        counts: of its documents, by the names in receipts.
        reasons: rejected documents by reason.
        bytes: that it would write, by folder.
        unknown: sums of `NUM_WORDPIECES` and `NUM_UNKNOWN` by file.
        wordpieces, windows, batches: of its documents that are not rejected, without repeats.
    """

    scale: float
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    bytes: Mapping[str, float]
    unknown: Mapping[str, Mapping[str, int]]
    wordpieces: TokenSequences
    windows: Windows
    batches: Sequence[np.ndarray]


def tokenize_sample(
    config: EmbedConfig,
    module: BertModule,
    splits: Sequence[Split],
    report_unread: ReportUnread = ignore_unread,
) -> Iterator[MeasuredPart]:
    """Read and tokenize a sample of a corpus as the job would.

    Args:
        config: of the job.
        module: its model.
        splits: its plan.
        report_unread: is called for what cannot be read; see `read_pieces`.
    """
    wordpieces = graphs.wordpiece_config(config, module)
    rows = text_rows(config, module)
    graph = traced_inputs(wordpieces, module.vocabulary)
    pieces = choose_pieces(splits, config.input.read.part_bytes)
    for sampled in read_pieces(pieces, config.input.read, report_unread):
        part = tokenize_part(rows.make(sampled.documents), graph, wordpieces.texts)
        yield _measure(part, sampled, config, module)


def _measure(
    part: pa.RecordBatch, sampled: SampledPart, config: EmbedConfig, module: BertModule
) -> MeasuredPart:
    part = reject_oversize(part, module.widths, graphs.embedding_config(config, module))
    wordpieces, is_valid = take_sequences(part)
    distinct = find_distinct(wordpieces).sequences
    windows = cut_windows(distinct.offsets, config.windows_of_rows)
    batches = config.batching.plan(windows.lengths)
    embedded = part.filter(pa.array(is_valid))
    names = (NUM_WORDPIECES, NUM_UNKNOWN, TRUNCATED)
    counts = {name: pc.sum(embedded.column(name)).as_py() or 0 for name in names} | {
        **count_documents(part),
        NUM_TOKENS: len(wordpieces.input_ids),
        COMPUTED_TOKENS: int(windows.lengths.sum()),
        PADDED_TOKENS: sum(int(windows.lengths[batch[0]]) * len(batch) for batch in batches),
    }
    source = header_of(part).source
    lines = [len(line.encode()) + 1 for line in rejects.reject_lines(part, source)]
    written = record_bytes(embedded, wordpieces, config, module.widths)
    return MeasuredPart(
        scale=sampled.scale,
        counts=counts,
        reasons=collections.Counter(part.column(REASON).drop_null().to_pylist()),
        bytes={**written, REJECTED: float(sum(lines))},
        unknown=_sum_by_file(embedded, (NUM_WORDPIECES, NUM_UNKNOWN)),
        wordpieces=distinct,
        windows=windows,
        batches=batches,
    )


def _sum_by_file(part: pa.RecordBatch, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Sum columns over the documents of each file."""
    paths, numbers = files_of(part)
    sums = {
        name: np.bincount(numbers, weights=part.column(name).to_numpy(), minlength=len(paths))
        for name in names
    }
    return {
        path: {name: int(sums[name][number]) for name in names} for number, path in enumerate(paths)
    }


def total_counts(parts: Sequence[MeasuredPart]) -> dict[str, float]:
    """Estimate the counts of the corpus."""
    return _totals((part.scale, part.counts) for part in parts)


def total_reasons(parts: Sequence[MeasuredPart]) -> dict[str, float]:
    """Estimate the rejected documents of the corpus by reason."""
    return _totals((part.scale, part.reasons) for part in parts)


def total_bytes(parts: Sequence[MeasuredPart]) -> dict[str, float]:
    """Estimate the bytes that the job will write, by folder."""
    return _totals((part.scale, part.bytes) for part in parts)


def _totals(scaled: Iterator[tuple[float, Mapping[str, float]]]) -> dict[str, float]:
    total: dict[str, float] = collections.defaultdict(float)
    for scale, numbers in scaled:
        for name, number in numbers.items():
            total[name] += scale * number
    return dict(total)
