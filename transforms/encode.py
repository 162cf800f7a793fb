"""EncodeParts: parts of wordpieces to parts of embeddings, by one model a process."""

import dataclasses
import threading
from collections.abc import Callable, Iterator

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.utils import shared

from transforms import (
    coder,  # noqa: F401  (registers the coder of parts)
    metrics,
)
from transforms.batching import BatchingConfig, pad_batch, plan_batches
from transforms.bert import folder, module
from transforms.bert.engines import Engine, TensorflowEngine
from transforms.bert.pooling import pool
from transforms.documents import REASON, header_of, with_header
from transforms.features import (
    DOCUMENT_FEATURES,
    INPUT_IDS,
    NUM_TOKENS,
    NUM_UNKNOWN,
    NUM_WORDPIECES,
    POOLED_OUTPUT,
    SEGMENT_IDS,
    SEQUENCE_OUTPUT,
    TRUNCATED,
    check_features,
)

_SPECIAL_TOKENS = 2


@dataclasses.dataclass(frozen=True)
class EncodeConfig:
    """What is computed of each document, and by which model.

    Attributes:
        model: handle of the module; see `folder.resolve`.
        model_sha256: fingerprint that the module must have on every worker.
        features: some of `pooling.FEATURES`.
        pad_id: id of [PAD].
        batching: how batches are cut.
    """

    model: str
    model_sha256: str
    features: tuple[str, ...]
    pad_id: int = 0
    batching: BatchingConfig = dataclasses.field(default_factory=BatchingConfig)

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
        padded_tokens, batches: what it took.
    """

    documents: dict[str, np.ndarray]
    tokens: np.ndarray | None
    padded_tokens: int
    batches: int


def embed(wordpieces: Wordpieces, engine: Engine, config: EncodeConfig) -> Embeddings:
    """Embed documents in batches of like length; results stand in the documents' order.

    A document's vectors do not depend on which others share its batch, within float32 rounding.
    """
    lengths = np.diff(wordpieces.offsets)
    wide = engine.hidden_size
    wanted = [name for name in config.features if name in DOCUMENT_FEATURES]
    documents = {name: np.empty([len(lengths), wide], np.float32) for name in wanted}
    poolings = [name for name in wanted if name != POOLED_OUTPUT]
    tokens = None
    if SEQUENCE_OUTPUT in config.features:
        tokens = np.empty([len(wordpieces.input_ids), wide], np.float32)
    batches = plan_batches(lengths, config.batching.tokens_per_batch)
    padded_tokens = 0
    for numbers in batches:
        batch = pad_batch(wordpieces.offsets, numbers)
        padded_tokens += batch.mask.size
        pooled, sequence = engine.run(
            batch.pad(wordpieces.input_ids, config.pad_id),
            batch.mask.astype(np.int32),
            batch.pad(wordpieces.segment_ids, 0),
        )
        if POOLED_OUTPUT in documents:
            documents[POOLED_OUTPUT][numbers] = pooled
        if poolings:
            vectors = batch.unpad(sequence)
            for name in poolings:
                documents[name][numbers] = pool(vectors, batch.lengths, name)
        if tokens is not None:
            _put_back(tokens, wordpieces.offsets, numbers, sequence)
    return Embeddings(documents, tokens, padded_tokens, len(batches))


def _put_back(
    tokens: np.ndarray, offsets: np.ndarray, numbers: np.ndarray, sequence: np.ndarray
) -> None:
    """Copy a batch's token vectors to their documents' places, without the padding.

    A copy a document costs a quarter of gathering and scattering all rows at once.
    """
    for number, rows in zip(numbers, sequence, strict=True):
        start, end = offsets[number], offsets[number + 1]
        tokens[start:end] = rows[: end - start]


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

    Returns:
        the part without `segment_ids`, and with `num_tokens` int64, `truncated` bool, a
        fixed_size_list<float32> for each document feature, and `sequence_output`
        large_list<float32>, row-major [tokens, hidden].
    """
    lengths = np.zeros(part.num_rows, np.int64)
    lengths[sound] = np.diff(wordpieces.offsets)
    columns = {name: part.column(name) for name in part.schema.names if name != SEGMENT_IDS}
    columns[NUM_TOKENS] = pa.array(lengths)
    whole = part.column(NUM_WORDPIECES).to_numpy() + _SPECIAL_TOKENS
    columns[TRUNCATED] = pa.array(sound & (whole > lengths))
    for name, vectors in embeddings.documents.items():
        columns[name] = _spread(vectors, sound)
    if embeddings.tokens is not None:
        wide = embeddings.tokens.shape[1]
        offsets = np.concatenate([[0], np.cumsum(lengths)]) * wide
        columns[SEQUENCE_OUTPUT] = pa.LargeListArray.from_arrays(
            offsets, pa.array(embeddings.tokens.reshape(-1))
        )
    return pa.RecordBatch.from_pydict(columns)


def _spread(vectors: np.ndarray, sound: np.ndarray) -> pa.FixedSizeListArray:
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    if sound.all():
        return column
    return column.take(pa.array(np.cumsum(sound) - 1, mask=~sound))


def account(part: pa.RecordBatch, sound: np.ndarray) -> dict[str, int]:
    """Count what a part of embeddings holds, for its receipt."""
    wordpieces = part.column(NUM_WORDPIECES).to_numpy()
    unknown = part.column(NUM_UNKNOWN).to_numpy()
    embedded = int(np.count_nonzero(sound))
    return {
        metrics.DOCUMENTS: part.num_rows,
        metrics.EMBEDDED: embedded,
        metrics.REJECTED: part.num_rows - embedded,
        metrics.TRUNCATED: pc.sum(part.column(TRUNCATED)).as_py() or 0,
        metrics.WORDPIECES: int(wordpieces[sound].sum()),
        metrics.UNKNOWN: int(unknown[sound].sum()),
        metrics.TOKENS: pc.sum(part.column(NUM_TOKENS)).as_py() or 0,
    }


class LoadedModel:
    """An engine, and the lock that lets one batch at a time have all cores."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lock = threading.Lock()


class _TakingTurns:
    """The engine as one part sees it: batches of all parts of the process take turns."""

    def __init__(self, model: LoadedModel, watch: metrics.Stopwatch) -> None:
        self.hidden_size = model.engine.hidden_size
        self._model = model
        self._watch = watch

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        with self._watch.section(metrics.WAIT_SECONDS):
            self._model.lock.acquire()
        try:
            return self._model.engine.run(input_ids, input_mask, segment_ids)
        finally:
            self._model.lock.release()


# `shared.Shared` holds its object weakly, and tf.Transform empties its cache between phases: this
# keeps a loaded model for the life of the process.
_LOADED: dict[str, LoadedModel] = {}
_LOADING = threading.Lock()


def load_engine(config: EncodeConfig) -> Engine:
    """Load the model, after checking that its files are the ones the job was planned with."""
    path = folder.resolve(config.model)
    return TensorflowEngine(module.inspect(path, config.model_sha256))


@dataclasses.dataclass
class EncodeParts(beam.PTransform):
    """Embed the documents of each part.

    Attributes:
        config: what is computed, and by which model.
        load: makes the engine; tests count its calls.
    """

    config: EncodeConfig
    load: Callable[[EncodeConfig], Engine] = load_engine

    def expand(self, parts: beam.PCollection[pa.RecordBatch]) -> beam.PCollection[pa.RecordBatch]:
        return parts | "EncodePart" >> beam.ParDo(_EncodePart(self.config, self.load))


class _EncodePart(beam.DoFn):
    def __init__(self, config: EncodeConfig, load: Callable[[EncodeConfig], Engine]) -> None:
        self._config = config
        self._load = load
        self._handle = shared.Shared()

    def setup(self) -> None:
        self._model = self._handle.acquire(self._acquire, tag=self._config.model_sha256)

    def _acquire(self) -> LoadedModel:
        with _LOADING:
            if self._config.model_sha256 not in _LOADED:
                _LOADED[self._config.model_sha256] = LoadedModel(self._load(self._config))
            return _LOADED[self._config.model_sha256]

    def process(self, part: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        watch = metrics.Stopwatch()
        with watch.section(metrics.ENCODE_SECONDS):
            wordpieces, sound = take_wordpieces(part)
            embeddings = embed(wordpieces, _TakingTurns(self._model, watch), self._config)
        waited = watch.seconds.setdefault(metrics.WAIT_SECONDS, 0.0)
        watch.seconds[metrics.ENCODE_SECONDS] -= waited
        embedded = add_embeddings(part, sound, wordpieces, embeddings)
        header = header_of(part).measured(
            **watch.seconds,
            **account(embedded, sound),
            **{
                metrics.PADDED_TOKENS: embeddings.padded_tokens,
                metrics.BATCHES: embeddings.batches,
            },
        )
        yield with_header(embedded, header)
