"""Parts of wordpieces to parts of vectors, given a model: batches, windows, pooling."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import metrics, rejects
from transforms.batching import BatchingConfig, pad_batch, plan_batches
from transforms.bert.engines import Engine
from transforms.bert.pooling import combine, pool
from transforms.documents import REASON
from transforms.examples import MAX_RECORD_BYTES
from transforms.features import (
    ACCOUNT,
    DOCUMENT_FEATURES,
    INPUT_IDS,
    MEAN,
    NUM_TOKENS,
    POOLED_OUTPUT,
    SEGMENT_IDS,
    SEQUENCE_OUTPUT,
    check_features,
)
from transforms.halving import run_or_halve
from transforms.rejects import Reason
from transforms.windows import WindowConfig, Windows, count_windows, cut_windows

_NOT_FINITE = "the model gave a value that is no finite number"


@dataclasses.dataclass(frozen=True)
class EmbeddingConfig:
    """What is computed of each document, and how.

    Attributes:
        features: some of `features.FEATURES`.
        windows: how documents are cut that are longer than the model reads.
        batching: how batches are cut.
        pad_id: id of [PAD].
    """

    features: tuple[str, ...]
    windows: WindowConfig = dataclasses.field(default_factory=WindowConfig)
    batching: BatchingConfig = dataclasses.field(default_factory=BatchingConfig)
    pad_id: int = 0

    def __post_init__(self) -> None:
        check_features(self.features)


@dataclasses.dataclass(frozen=True)
class Wordpieces:
    """Sound documents of a part, as flat columns.

    Attributes:
        offsets: int64 [documents + 1], where each document begins.
        input_ids, segment_ids: int64 [tokens].
    """

    offsets: np.ndarray
    input_ids: np.ndarray
    segment_ids: np.ndarray


@dataclasses.dataclass(frozen=True)
class Embeddings:
    """Vectors of a part's sound documents.

    Attributes:
        documents: feature name to float32 [documents, hidden].
        tokens: float32 [tokens, hidden], or None where sequence_output is not wanted.
        computed_tokens: positions computed, those of overlapping windows each time.
        padded_tokens: positions computed, padding included.
        batches: how many it took.
        failed: why the model failed, by the number of the document; what stands above in the place
            of these means nothing.
    """

    documents: dict[str, np.ndarray]
    tokens: np.ndarray | None
    computed_tokens: int
    padded_tokens: int
    batches: int
    failed: Mapping[int, str] = dataclasses.field(default_factory=dict)


def embed(wordpieces: Wordpieces, engine: Engine, config: EmbeddingConfig) -> Embeddings:
    """Embed documents in batches of like length; results stand in the documents' order.

    A document's vectors do not depend on which others share its batch, within float32 rounding.
    Those of a document of several windows: `sequence_output` has each token from the window where
    it has the most context, `mean` and `max` are over these, and `pooled_output` and `cls` are the
    means of the windows' own, weighted by their lengths.

    Raises:
        Exception: what the engine raised, if it fails on the shortest input too.
    """
    windows = cut_windows(wordpieces.offsets, config.windows)
    wide = engine.hidden_size
    wanted = [name for name in config.features if name in DOCUMENT_FEATURES]
    vectors = {name: np.zeros([len(windows.lengths), wide], np.float32) for name in wanted}
    tokens = None
    if SEQUENCE_OUTPUT in config.features:
        tokens = np.empty([len(wordpieces.input_ids), wide], np.float32)
    batches = plan_batches(windows.lengths, config.batching.tokens_per_batch)
    padded_tokens = 0

    def run(numbers: np.ndarray) -> None:
        nonlocal padded_tokens
        batch = pad_batch(windows, numbers)
        pooled, sequence = engine.run(
            batch.pad(wordpieces.input_ids, config.pad_id),
            batch.mask.astype(np.int32),
            batch.pad(wordpieces.segment_ids, 0),
        )
        padded_tokens += batch.mask.size
        for name, target in vectors.items():
            own = pooled if name == POOLED_OUTPUT else pool(sequence, batch.kept, name)
            target[numbers] = own
        if tokens is not None:
            _put_back(tokens, windows, numbers, sequence)

    errors: dict[int, Exception] = {}
    for numbers in batches:
        errors |= run_or_halve(run, numbers)
    if errors:
        _check_engine(engine, next(iter(errors.values())))
    documents = {name: _of_documents(own, windows, name) for name, own in vectors.items()}
    failed = {int(n): _NOT_FINITE for n in _not_finite(documents, tokens, wordpieces.offsets)}
    failed |= {int(windows.documents[n]): str(error) for n, error in errors.items()}
    return Embeddings(
        documents=documents,
        tokens=tokens,
        computed_tokens=int(windows.lengths.sum()),
        padded_tokens=padded_tokens,
        batches=len(batches),
        failed=failed,
    )


def _check_engine(engine: Engine, error: Exception) -> None:
    """Raise the error if it is not for any document that the engine fails."""
    ids = np.zeros([1, 2], np.int32)
    try:
        engine.run(ids, ids + 1, ids)
    except Exception:
        raise error from None


def _not_finite(
    documents: Mapping[str, np.ndarray], tokens: np.ndarray | None, offsets: np.ndarray
) -> np.ndarray:
    """Find the documents with a value that is no finite number; int64."""
    finite = np.ones(len(offsets) - 1, bool)
    for vectors in documents.values():
        finite &= np.isfinite(vectors).all(axis=1)
    if tokens is not None and len(finite):
        of_tokens = np.isfinite(tokens).all(axis=1)
        finite &= np.logical_and.reduceat(of_tokens, offsets[:-1])
    numbers: np.ndarray = np.flatnonzero(~finite)
    return numbers


def _of_documents(vectors: np.ndarray, windows: Windows, how: str) -> np.ndarray:
    weights = windows.kept_to - windows.kept_from if how == MEAN else windows.lengths
    return combine(vectors, weights, windows.firsts, how)


def _put_back(
    tokens: np.ndarray, windows: Windows, numbers: np.ndarray, sequence: np.ndarray
) -> None:
    """Copy the token vectors that count to their places, without the padding.

    A copy a window costs a quarter of gathering and scattering all rows at once.
    """
    for number, rows in zip(numbers, sequence, strict=True):
        begin = windows.begins[number]
        start, end = windows.kept_from[number], windows.kept_to[number]
        tokens[begin + start : begin + end] = rows[start:end]


def reject_oversize(
    part: pa.RecordBatch, hidden_size: int, config: EmbeddingConfig
) -> pa.RecordBatch:
    """Reject the documents of more vectors than a record, or memory, should hold.

    These are the vectors of tokens where `sequence_output` is wanted, else those of windows.
    """
    lengths = pc.list_value_length(part.column(INPUT_IDS)).to_numpy(zero_copy_only=False)
    of_tokens = SEQUENCE_OUTPUT in config.features
    vectors = lengths if of_tokens else count_windows(lengths, config.windows)
    most = MAX_RECORD_BYTES // (hidden_size * np.dtype(np.float32).itemsize)
    what = "sequence_output of over {} tokens" if of_tokens else "vectors of over {} windows"
    why = f"{what.format(most)} take more than {MAX_RECORD_BYTES >> 20} MiB"
    return rejects.reject(part, vectors > most, Reason.TOO_LARGE, why)


def take_wordpieces(part: pa.RecordBatch) -> tuple[Wordpieces, np.ndarray]:
    """Take the sound documents out of a part.

    Returns:
        their wordpieces, and a bool array over all rows: which are sound.
    """
    sound = pc.is_null(part.column(REASON))
    kept = part.filter(sound) if part.column(REASON).null_count < part.num_rows else part
    ids = kept.column(INPUT_IDS)
    offsets = np.zeros(len(ids) + 1, np.int64)
    np.cumsum(pc.list_value_length(ids).to_numpy(zero_copy_only=False), out=offsets[1:])
    wordpieces = Wordpieces(
        offsets=offsets,
        input_ids=ids.flatten().to_numpy(),
        segment_ids=kept.column(SEGMENT_IDS).flatten().to_numpy(),
    )
    return wordpieces, sound.to_numpy(zero_copy_only=False)


def add_embeddings(
    part: pa.RecordBatch, sound: np.ndarray, wordpieces: Wordpieces, embeddings: Embeddings
) -> pa.RecordBatch:
    """Put vectors beside the documents; rejected ones get none.

    Those that the model failed on are rejected here.

    Returns:
        the part with `num_tokens` int64, a fixed_size_list<float32> for each document feature, and
        `sequence_output` large_list<float32>, row-major [tokens, hidden].
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
        columns[name] = _spread(vectors, sound)
    if embeddings.tokens is not None:
        wide = embeddings.tokens.shape[1]
        offsets = np.concatenate([[0], np.cumsum(lengths)]) * wide
        columns[SEQUENCE_OUTPUT] = pa.LargeListArray.from_arrays(
            offsets, pa.array(embeddings.tokens.reshape(-1))
        )
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
    numbers: np.ndarray, wordpieces: Wordpieces, embeddings: Embeddings
) -> tuple[Wordpieces, Embeddings]:
    """Keep some documents."""
    lengths = np.diff(wordpieces.offsets)
    kept = np.repeat(np.isin(np.arange(len(lengths)), numbers), lengths)
    own = Wordpieces(
        offsets=np.concatenate([[0], np.cumsum(lengths[numbers])]),
        input_ids=wordpieces.input_ids[kept],
        segment_ids=wordpieces.segment_ids[kept],
    )
    tokens = embeddings.tokens
    return own, dataclasses.replace(
        embeddings,
        documents={name: vectors[numbers] for name, vectors in embeddings.documents.items()},
        tokens=None if tokens is None else tokens[kept],
        failed={},
    )


def _spread(vectors: np.ndarray, sound: np.ndarray) -> pa.FixedSizeListArray:
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    if sound.all():
        return column
    return column.take(pa.array(np.cumsum(sound) - 1, mask=~sound))


def account(part: pa.RecordBatch, embeddings: Embeddings) -> dict[str, int]:
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
    }


def _count_pairs(part: pa.RecordBatch) -> int:
    """Count the documents whose last token is of a second text."""
    segments = part.column(SEGMENT_IDS)
    last = segments.offsets.to_numpy()[1:] - segments.offsets[0].as_py() - 1
    return int(segments.flatten().to_numpy()[last].sum())
