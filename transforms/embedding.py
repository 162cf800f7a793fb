"""Wordpieces to vectors, given a model: windows, batches, pooling."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from transforms.batching import BatchingConfig, pad_batch, plan_batches
from transforms.bert.engines import Engine
from transforms.bert.pooling import combine, pool
from transforms.features import (
    DOCUMENT_FEATURES,
    MEAN,
    POOLED_OUTPUT,
    SEQUENCE_OUTPUT,
    check_features,
)
from transforms.halving import run_or_halve
from transforms.windows import WindowConfig, Windows, cut_windows

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
    running = _Running(wordpieces, engine, config)
    batches = plan_batches(running.windows.lengths, config.batching.tokens_per_batch)
    errors: dict[int, Exception] = {}
    for numbers in batches:
        errors |= run_or_halve(running.run, numbers)
    if errors:
        _check_engine(engine, next(iter(errors.values())))
    documents, owners = running.of_documents(), running.windows.documents
    not_finite = _not_finite(documents, running.tokens, wordpieces.offsets)
    failed = {int(number): _NOT_FINITE for number in not_finite}
    failed |= {int(owners[number]): str(error) for number, error in errors.items()}
    return Embeddings(
        documents=documents,
        tokens=running.tokens,
        computed_tokens=int(running.windows.lengths.sum()),
        padded_tokens=running.padded_tokens,
        batches=len(batches),
        failed=failed,
    )


class _Running:
    """The windows of a part on their way through an engine, and the vectors they have by now."""

    def __init__(self, wordpieces: Wordpieces, engine: Engine, config: EmbeddingConfig) -> None:
        self.windows = cut_windows(wordpieces.offsets, config.windows)
        self.padded_tokens = 0
        self.tokens: np.ndarray | None = None
        wide = engine.hidden_size
        if SEQUENCE_OUTPUT in config.features:
            self.tokens = np.empty([len(wordpieces.input_ids), wide], np.float32)
        wanted = [name for name in config.features if name in DOCUMENT_FEATURES]
        count = len(self.windows.lengths)
        self._vectors = {name: np.zeros([count, wide], np.float32) for name in wanted}
        self._wordpieces = wordpieces
        self._engine = engine
        self._pad_id = config.pad_id

    def run(self, numbers: np.ndarray) -> None:
        """Run the windows of some numbers, as one batch."""
        batch = pad_batch(self.windows, numbers)
        pooled, sequence = self._engine.run(
            batch.pad(self._wordpieces.input_ids, self._pad_id),
            batch.mask.astype(np.int32),
            batch.pad(self._wordpieces.segment_ids, 0),
        )
        self.padded_tokens += batch.mask.size
        for name, target in self._vectors.items():
            own = pooled if name == POOLED_OUTPUT else pool(sequence, batch.kept, name)
            target[numbers] = own
        if self.tokens is not None:
            _put_back(self.tokens, self.windows, numbers, sequence)

    def of_documents(self) -> dict[str, np.ndarray]:
        """Make the vectors of documents of those of their windows."""
        windows, made = self.windows, {}
        for name, own in self._vectors.items():
            kept = windows.kept_to - windows.kept_from
            weights = kept if name == MEAN else windows.lengths
            made[name] = combine(own, weights, windows.firsts, name)
        return made


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
