"""Convert parts of wordpieces to token sequences, and vectors to parts of embeddings."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import metrics, rejects
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import count_windows
from transforms.columns import last_values
from transforms.documents import REASON, WINDOW, begins_document
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings
from transforms.features import ACCOUNT, INPUT_IDS, NUM_TOKENS, SEGMENT_IDS, widths_of_tokens
from transforms.records.postprocess import Shaping
from transforms.records.record_content import MAX_RECORD_BYTES
from transforms.rejects import Reason
from transforms.vector_widths import VectorWidths


def reject_oversize(
    part: pa.RecordBatch, widths: VectorWidths, config: EmbeddingConfig
) -> pa.RecordBatch:
    """Reject the documents whose vectors exceed the size limit of a record.

    These are the vectors of tokens if a feature of tokens is computed, else those of windows.
    """
    lengths = pc.list_value_length(part.column(INPUT_IDS)).to_numpy(zero_copy_only=False)
    widest = max(widths_of_tokens(config.features).values(), default=0)
    vectors = lengths if widest else count_windows(lengths, config.windows)
    width = widest * widths.hidden_size or widths.largest(config.features)
    limit = MAX_RECORD_BYTES // (width * np.dtype(np.float32).itemsize)
    unit = "tokens" if widest else "windows"
    why = f"vectors of over {limit} {unit} take more than {MAX_RECORD_BYTES >> 20} MiB"
    return rejects.reject(part, vectors > limit, Reason.TOO_LARGE, why)


def take_sequences(part: pa.RecordBatch) -> tuple[TokenSequences, np.ndarray]:
    """Extract the token sequences of the documents that are not rejected.

    Returns:
        the sequences, and a bool array over all rows: which are not rejected.
    """
    is_valid = pc.is_null(part.column(REASON))
    kept = part.filter(is_valid) if part.column(REASON).null_count < part.num_rows else part
    ids = kept.column(INPUT_IDS)
    offsets = np.zeros(len(ids) + 1, np.int64)
    np.cumsum(pc.list_value_length(ids).to_numpy(zero_copy_only=False), out=offsets[1:])
    sequences = TokenSequences(
        offsets=offsets,
        input_ids=ids.flatten().to_numpy(),
        segment_ids=kept.column(SEGMENT_IDS).flatten().to_numpy(),
    )
    return sequences, is_valid.to_numpy(zero_copy_only=False)


def shape_documents(embeddings: PartEmbeddings, shaping: Shaping) -> PartEmbeddings:
    """Change vectors of documents to what is stored of them."""
    shaped = {name: shaping.apply(vectors) for name, vectors in embeddings.documents.items()}
    return dataclasses.replace(embeddings, documents=shaped)


def add_embeddings(
    part: pa.RecordBatch,
    is_valid: np.ndarray,
    sequences: TokenSequences,
    embeddings: PartEmbeddings,
) -> pa.RecordBatch:
    """Add vectors to the documents of a part.

    Rejected documents get null, and documents on which the model failed are rejected here.

    Args:
        part: wordpieces.
        is_valid: bool [rows], which rows are not rejected.
        sequences: the documents of these rows.
        embeddings: their vectors, shaped as they are stored.

    Returns:
        the part with `num_tokens` int64; for each document feature a fixed_size_list<float32>; for
        each token feature a large_list<float32>, row-major [tokens, width].
    """
    if embeddings.failed:
        part = _reject_failed(part, is_valid, embeddings.failed)
        embedded = np.delete(np.arange(len(sequences)), list(embeddings.failed))
        is_valid = pc.is_null(part.column(REASON)).to_numpy(zero_copy_only=False)
        sequences, embeddings = _take(embedded, sequences, embeddings)
    lengths = np.zeros(part.num_rows, np.int64)
    lengths[is_valid] = np.diff(sequences.offsets)
    columns = {name: part.column(name) for name in part.schema.names}
    columns[NUM_TOKENS] = pa.array(lengths)
    for name, vectors in embeddings.documents.items():
        columns[name] = _with_nulls(vectors, is_valid)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    for name, tokens in embeddings.tokens.items():
        flat = pa.array(tokens.reshape(-1))
        columns[name] = pa.LargeListArray.from_arrays(offsets * tokens.shape[1], flat)
    return pa.RecordBatch.from_pydict(columns)


def _reject_failed(
    part: pa.RecordBatch, is_valid: np.ndarray, failed: Mapping[int, str]
) -> pa.RecordBatch:
    rows = np.flatnonzero(is_valid)
    for document, error in failed.items():
        is_failed = np.arange(part.num_rows) == rows[document]
        part = rejects.reject(part, is_failed, Reason.MODEL_FAILED, error)
    return part


def _take(
    documents: np.ndarray, sequences: TokenSequences, embeddings: PartEmbeddings
) -> tuple[TokenSequences, PartEmbeddings]:
    """Select some documents with their vectors."""
    tokens = sequences.indices(documents)
    return sequences.take(documents), dataclasses.replace(
        embeddings,
        documents={name: vectors[documents] for name, vectors in embeddings.documents.items()},
        tokens={name: vectors[tokens] for name, vectors in embeddings.tokens.items()},
        failed={},
    )


def _with_nulls(vectors: np.ndarray, is_valid: np.ndarray) -> pa.FixedSizeListArray:
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    if is_valid.all():
        return column
    return column.take(pa.array(np.cumsum(is_valid) - 1, mask=~is_valid))


def account(part: pa.RecordBatch, embeddings: PartEmbeddings) -> dict[str, int]:
    """Count the documents of a part of embeddings and the work for them, for its receipt."""
    columns = part.select([REASON, SEGMENT_IDS, *ACCOUNT])
    embedded = columns.filter(pc.is_null(columns.column(REASON)))
    sums = {name: pc.sum(embedded.column(name)).as_py() or 0 for name in ACCOUNT}
    return {
        **count_documents(part),
        **sums,
        metrics.PAIRS: _count_pairs(embedded),
        metrics.COMPUTED_TOKENS: embeddings.computed_tokens,
        metrics.PADDED_TOKENS: embeddings.padded_tokens,
        metrics.BATCHES: embeddings.batches,
        metrics.HALVED_BATCHES: embeddings.bisected_batches,
        metrics.REPEATED: embeddings.repeated,
        metrics.REPEATED_ELSEWHERE: embeddings.repeated_elsewhere,
        **({metrics.REUSED: embeddings.reused} if embeddings.reused else {}),
    }


def count_documents(part: pa.RecordBatch) -> dict[str, int]:
    """Count the documents of a part, their rows if these are windows, and what became of them."""
    rejected = part.num_rows - part.column(REASON).null_count
    rows = {metrics.ROWS: part.num_rows} if WINDOW in part.schema.names else {}
    return {
        metrics.DOCUMENTS: int(begins_document(part).sum()),
        **rows,
        metrics.EMBEDDED: part.num_rows - rejected,
        metrics.REJECTED: rejected,
    }


def _count_pairs(part: pa.RecordBatch) -> int:
    """Count the documents whose last token belongs to a second text."""
    return int(last_values(part.column(SEGMENT_IDS)).sum())
