"""What stands around `embedding.embed`: parts of wordpieces in, parts of embeddings out."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import metrics, rejects
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import count_windows
from transforms.documents import REASON
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings
from transforms.features import ACCOUNT, INPUT_IDS, NUM_TOKENS, SEGMENT_IDS, widths_of_tokens
from transforms.records.postprocess import Shaping
from transforms.records.record_config import MAX_RECORD_BYTES
from transforms.rejects import Reason


def reject_oversize(
    part: pa.RecordBatch, hidden_size: int, config: EmbeddingConfig
) -> pa.RecordBatch:
    """Reject the documents of more vectors than a record, or memory, should hold.

    These are the vectors of tokens where a feature of them is wanted, else those of windows.
    """
    lengths = pc.list_value_length(part.column(INPUT_IDS)).to_numpy(zero_copy_only=False)
    widest = max(widths_of_tokens(config.features).values(), default=0)
    vectors = lengths if widest else count_windows(lengths, config.windows)
    most = MAX_RECORD_BYTES // (hidden_size * max(1, widest) * np.dtype(np.float32).itemsize)
    what = "vectors of over {} tokens" if widest else "vectors of over {} windows"
    why = f"{what.format(most)} take more than {MAX_RECORD_BYTES >> 20} MiB"
    return rejects.reject(part, vectors > most, Reason.TOO_LARGE, why)


def take_wordpieces(part: pa.RecordBatch) -> tuple[TokenSequences, np.ndarray]:
    """Take the sound documents out of a part.

    Returns:
        their wordpieces, and a bool array over all rows: which are sound.
    """
    sound = pc.is_null(part.column(REASON))
    kept = part.filter(sound) if part.column(REASON).null_count < part.num_rows else part
    ids = kept.column(INPUT_IDS)
    offsets = np.zeros(len(ids) + 1, np.int64)
    np.cumsum(pc.list_value_length(ids).to_numpy(zero_copy_only=False), out=offsets[1:])
    wordpieces = TokenSequences(
        offsets=offsets,
        input_ids=ids.flatten().to_numpy(),
        segment_ids=kept.column(SEGMENT_IDS).flatten().to_numpy(),
    )
    return wordpieces, sound.to_numpy(zero_copy_only=False)


def add_embeddings(
    part: pa.RecordBatch,
    sound: np.ndarray,
    wordpieces: TokenSequences,
    embeddings: PartEmbeddings,
    shaping: Shaping,
) -> pa.RecordBatch:
    """Put vectors beside the documents, as they are to be stored; rejected ones get none.

    Those that the model failed on are rejected here.

    Returns:
        the part with `num_tokens` int64, a fixed_size_list<float32> for each document feature, and
        for each of tokens a large_list<float32>, row-major [tokens, width].
    """
    if embeddings.failed:
        part = _reject_failed(part, sound, embeddings.failed)
        done = np.delete(np.arange(len(wordpieces.offsets) - 1), list(embeddings.failed))
        sound = pc.is_null(part.column(REASON)).to_numpy(zero_copy_only=False)
        wordpieces, embeddings = _take(done, wordpieces, embeddings)
    lengths = np.zeros(part.num_rows, np.int64)
    lengths[sound] = np.diff(wordpieces.offsets)
    columns = {name: part.column(name) for name in part.schema.names}
    columns[NUM_TOKENS] = pa.array(lengths)
    for name, vectors in embeddings.documents.items():
        columns[name] = _spread(shaping.apply(vectors), sound)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    for name, tokens in embeddings.tokens.items():
        flat = pa.array(tokens.reshape(-1))
        columns[name] = pa.LargeListArray.from_arrays(ends * tokens.shape[1], flat)
    return pa.RecordBatch.from_pydict(columns)


def _reject_failed(
    part: pa.RecordBatch, sound: np.ndarray, failed: Mapping[int, str]
) -> pa.RecordBatch:
    rows = np.flatnonzero(sound)
    for number, why in failed.items():
        which = np.arange(part.num_rows) == rows[number]
        part = rejects.reject(part, which, Reason.MODEL_FAILED, why)
    return part


def _take(
    numbers: np.ndarray, wordpieces: TokenSequences, embeddings: PartEmbeddings
) -> tuple[TokenSequences, PartEmbeddings]:
    """Keep some documents."""
    places = wordpieces.places(numbers)
    return wordpieces.take(numbers), dataclasses.replace(
        embeddings,
        documents={name: vectors[numbers] for name, vectors in embeddings.documents.items()},
        tokens={name: vectors[places] for name, vectors in embeddings.tokens.items()},
        failed={},
    )


def _spread(vectors: np.ndarray, sound: np.ndarray) -> pa.FixedSizeListArray:
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    if sound.all():
        return column
    return column.take(pa.array(np.cumsum(sound) - 1, mask=~sound))


def account(part: pa.RecordBatch, embeddings: PartEmbeddings) -> dict[str, int]:
    """Count what a part of embeddings holds, and what it took, for its receipt."""
    told = part.select([REASON, SEGMENT_IDS, *ACCOUNT])
    sound = told.filter(pc.is_null(told.column(REASON)))
    sums = {name: pc.sum(sound.column(name)).as_py() or 0 for name in ACCOUNT}
    return {
        metrics.DOCUMENTS: part.num_rows,
        metrics.EMBEDDED: sound.num_rows,
        metrics.REJECTED: part.num_rows - sound.num_rows,
        **sums,
        metrics.PAIRS: _count_pairs(sound),
        metrics.COMPUTED_TOKENS: embeddings.computed_tokens,
        metrics.PADDED_TOKENS: embeddings.padded_tokens,
        metrics.BATCHES: embeddings.batches,
        metrics.HALVED_BATCHES: embeddings.halved_batches,
        metrics.REPEATED: embeddings.repeated,
        metrics.REPEATED_ELSEWHERE: embeddings.repeated_elsewhere,
    }


def _count_pairs(part: pa.RecordBatch) -> int:
    """Count the documents whose last token is of a second text."""
    segments = part.column(SEGMENT_IDS)
    last = segments.offsets.to_numpy()[1:] - segments.offsets[0].as_py() - 1
    return int(segments.flatten().to_numpy()[last].sum())
