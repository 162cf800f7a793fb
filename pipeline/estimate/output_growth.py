"""Say before a job begins that its output is many times its input."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import status
from pipeline.estimate.choose_pieces import choose_pieces, sources_of
from pipeline.estimate.output_size import max_bytes
from pipeline.estimate.read_pieces import read_pieces
from pipeline.options.embed_config import EmbedConfig
from transforms.documents import REASON, TEXT, TEXT_B, Split
from transforms.features import INT8, widths_of_tokens
from transforms.records.dtypes import NUMPY_TYPES
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.vector_widths import VectorWidths

# An output of a gigabyte fits anywhere; a corpus of a few short texts always grows many times.
TIMES, LEAST_BYTES = 20, 1e9
# Bytes of text for a wordpiece, as in English prose.
_BYTES_OF_WORDPIECE = 4.5
# Every so many of the pieces that `plan` would read are read.
_STEP = 4


def note_on_growth(
    config: EmbedConfig, widths: VectorWidths, splits: Sequence[Split]
) -> str | None:
    """Estimate the output of a job quickly, and describe it if it is many times the input.

    Some pieces of the input are read and not tokenized. That takes a moment, and is left out if
    the output must be small.

    Args:
        config: of the job.
        widths: of the model's vectors.
        splits: the plan.

    Returns:
        a line; None if the output is smaller, or nothing can be read.
    """
    sources = sources_of(splits).sums_of_kinds()
    if max_bytes(config, widths, sources) < LEAST_BYTES:
        return None
    documents = tokens = 0.0
    pieces = choose_pieces(splits, config.input.read.part_bytes)
    chosen = pieces[::_STEP]
    of_chosen = sum(piece.represents for piece in chosen) or 1.0
    for sampled in read_pieces(chosen, config.input.read):
        texts = sampled.documents.filter(pc.is_null(sampled.documents.column(REASON)))
        lengths = _tokens(texts, config)
        documents += sampled.scale * float(_rows(lengths, config).sum())
        tokens += sampled.scale * float(lengths.sum())
    scale = sum(piece.represents for piece in pieces) / of_chosen
    stored = sum(source.size for source in sources)
    return describe(config, widths, stored, scale * documents, scale * tokens)


def _rows(tokens: np.ndarray, config: EmbedConfig) -> np.ndarray:
    """Estimate the rows of documents by their tokens."""
    step = config.windows.stride or config.windows.size
    rows: np.ndarray = np.ones_like(tokens)
    return np.maximum(rows, tokens / step) if config.rows.are_windows else rows


def _tokens(texts: pa.RecordBatch, config: EmbedConfig) -> np.ndarray:
    """Estimate the tokens of documents by the bytes of their texts."""
    bytes_ = pc.binary_length(texts.column(TEXT)).to_numpy()
    if TEXT_B in texts.schema.names:
        bytes_ = bytes_ + pc.binary_length(texts.column(TEXT_B)).to_numpy()
    tokens = bytes_ / _BYTES_OF_WORDPIECE + 2
    if not (config.windows.stride or config.rows.are_windows):
        tokens = tokens.clip(max=config.windows.max_seq_length)
    estimated: np.ndarray = tokens
    return estimated


def describe(
    config: EmbedConfig, widths: VectorWidths, stored: float, documents: float, tokens: float
) -> str | None:
    """Describe the output of a job if it is many times its input.

    Args:
        config: of the job.
        widths: of the model's vectors.
        stored: bytes of the input.
        documents: their number.
        tokens: their sum over the documents.

    Returns:
        a line with the estimate and the remedy; None if the output has at most 20 times the bytes
        of the input, or less than a gigabyte.
    """
    by_feature = _vector_bytes(config, widths, documents, tokens)
    total = sum(by_feature.values())
    if total < LEAST_BYTES or total <= TIMES * stored:
        return None
    largest = max(by_feature, key=by_feature.__getitem__)
    return (
        f"the vectors will take about {status.size(total)}, {total / max(1, stored):,.0f} times "
        f"the input of {status.size(stored)}; {by_feature[largest] / total:.0%} of that is "
        f"{largest}: {_remedy(largest, config)}"
    )


def _vector_bytes(
    config: EmbedConfig, widths: VectorWidths, documents: float, tokens: float
) -> Mapping[str, float]:
    """Return the bytes of the vectors of each feature."""
    item = int(NUMPY_TYPES[config.dtype].itemsize)
    counts = {POOLED: documents, SEQUENCE: tokens}
    return {
        feature: counts[family] * width * item
        for family in config.records.families
        for feature, width in config.records.widths(family, widths).items()
    }


def _remedy(feature: str, config: EmbedConfig) -> str:
    of_tokens = feature in widths_of_tokens(config.features)
    remedies = [
        f"leave {feature} out of --features"
        if of_tokens
        else "keep fewer numbers with --truncate_dim",
        *([] if config.dtype == INT8 else ["store smaller numbers with --dtype int8"]),
    ]
    return ", or ".join(remedies)
