"""Wordpieces to vectors, given a model: windows, batches, pooling."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from transforms import poolings
from transforms.batching.batches import BatchingConfig, pad_batch, plan_batches
from transforms.batching.bisection import Outcome, run_or_bisect
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import WindowConfig, Windows, cut_windows
from transforms.bert.engines import Engine
from transforms.embedding.distinct import find_distinct
from transforms.features import (
    DOCUMENT_FEATURES,
    FLOAT32,
    LAYERS,
    POOLED_OUTPUT,
    SEQUENCE_OUTPUT,
    check_features,
    widths_of_tokens,
)
from transforms.poolings import DocumentWindows
from transforms.poolings.reductions import weighted_means
from transforms.records.dtypes import largest
from transforms.records.postprocess import Shaping
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS

RunAll = Callable[[Callable[[np.ndarray], Outcome], list[np.ndarray]], Iterable[Outcome]]
_NOT_FINITE = "the model gave a value that is no finite number"
_TOO_LARGE = "the model gave a value that --dtype {} cannot hold; float32 can"


@dataclasses.dataclass(frozen=True)
class EmbeddingConfig:
    """What is computed of each document, and how.

    Attributes:
        features: some of `features.FEATURES`.
        windows: how documents are cut that are longer than the model reads.
        batching: how batches are cut.
        pad_id: id of [PAD].
        dtype: what vectors will be stored in; a document that has a value beyond it fails.
        shaping: what is done to vectors of documents before.
    """

    features: tuple[str, ...]
    windows: WindowConfig = dataclasses.field(default_factory=WindowConfig)
    batching: BatchingConfig = dataclasses.field(default_factory=BatchingConfig)
    pad_id: int = 0
    dtype: str = FLOAT32
    shaping: Shaping = dataclasses.field(default_factory=Shaping)

    def __post_init__(self) -> None:
        check_features(self.features)


@dataclasses.dataclass(frozen=True)
class PartEmbeddings:
    """Vectors of a part's sound documents.

    Attributes:
        documents: feature name to float32 [documents, hidden].
        tokens: feature name to float32 [tokens, width].
        computed_tokens: positions computed, those of overlapping windows each time.
        padded_tokens: positions computed, padding included.
        batches: how many it took.
        halved_batches: how many of them failed, and were tried again in halves.
        repeated: documents that have the wordpieces of an earlier one, and so its vectors.
        repeated_elsewhere: those of them whose vectors come from a table of the corpus.
        failed: why the model failed, by the number of the document; what stands above in the place
            of these means nothing.
    """

    documents: Mapping[str, np.ndarray]
    tokens: Mapping[str, np.ndarray]
    computed_tokens: int = 0
    padded_tokens: int = 0
    batches: int = 0
    halved_batches: int = 0
    repeated: int = 0
    repeated_elsewhere: int = 0
    failed: Mapping[int, str] = dataclasses.field(default_factory=dict)


def embed(
    wordpieces: TokenSequences, engine: Engine, config: EmbeddingConfig, run_all: RunAll = map
) -> PartEmbeddings:
    """Embed documents in batches of like length; results stand in the documents' order.

    A document's vectors do not depend on which others share its batch, within float32 rounding;
    documents of the same wordpieces are computed once. Those of a document of several windows:
    `sequence_output` and `layers` have each token from the window where it has the most context,
    `mean` and `max` are over these, and `pooled_output` and `cls` are the means of the windows'
    own, weighted by their lengths.

    Args:
        wordpieces: of the documents.
        engine: what computes.
        config: what is computed.
        run_all: calls a function with each batch, and gives its results in order: `map`, or one
            that calls several at once.

    Raises:
        Exception: what the engine raised, if it fails on the shortest input too.
    """
    distinct = find_distinct(wordpieces)
    embeddings = _embed(distinct.wordpieces, engine, config, run_all)
    failed = {
        int(number): why
        for place, why in embeddings.failed.items()
        for number in np.flatnonzero(distinct.numbers == place)
    }
    return dataclasses.replace(
        embeddings,
        documents={name: distinct.spread(x) for name, x in embeddings.documents.items()},
        tokens={name: distinct.spread_tokens(x) for name, x in embeddings.tokens.items()},
        repeated=distinct.repeated,
        failed=failed,
    )


def _embed(
    wordpieces: TokenSequences, engine: Engine, config: EmbeddingConfig, run_all: RunAll
) -> PartEmbeddings:
    """Embed distinct documents."""
    running = _WindowRunner(wordpieces, engine, config)
    batching = config.batching
    batches = plan_batches(running.windows.lengths, batching.tokens_per_batch, batching.boundaries)
    outcomes = list(run_all(functools.partial(run_or_bisect, running.run), batches))
    errors = {number: error for own in outcomes for number, error in own.errors.items()}
    if errors:
        _check_engine(engine, batching, next(iter(errors.values())))
    documents, owners = running.of_documents(), running.windows.documents
    beyond = functools.partial(_beyond, documents, running.tokens, wordpieces.offsets)
    too_large = _TOO_LARGE.format(config.dtype)
    failed = dict.fromkeys(beyond(largest(config.dtype)), too_large)
    failed |= dict.fromkeys(beyond(largest(FLOAT32)) if failed else (), _NOT_FINITE)
    failed |= {int(owners[number]): str(error) for number, error in errors.items()}
    return PartEmbeddings(
        documents=documents,
        tokens=running.tokens,
        computed_tokens=int(running.windows.lengths.sum()),
        padded_tokens=sum(running.positions),
        batches=len(batches),
        halved_batches=sum(own.halved for own in outcomes),
        failed=failed,
    )


class _WindowRunner:
    """The windows of a part on their way through an engine, and the vectors they have by now."""

    def __init__(self, wordpieces: TokenSequences, engine: Engine, config: EmbeddingConfig) -> None:
        self.windows = cut_windows(wordpieces.offsets, config.windows)
        # Of each batch. Several may run at once: each has rows of its own in the arrays below.
        self.positions: list[int] = []
        wide, tokens = engine.hidden_size, len(wordpieces.input_ids)
        self.tokens = {
            name: np.empty([tokens, wide * times], np.float32)
            for name, times in widths_of_tokens(config.features).items()
        }
        wanted = [name for name in config.features if name in DOCUMENT_FEATURES]
        count = len(self.windows.lengths)
        self._vectors = {name: np.zeros([count, wide], np.float32) for name in wanted}
        self._wordpieces = wordpieces
        self._engine = engine
        self._batching = config.batching
        self._pad_id = config.pad_id

    def run(self, numbers: np.ndarray) -> None:
        """Run the windows of some numbers, as one batch."""
        batch = pad_batch(self.windows, numbers, self._batching)
        encoded = self._engine.run(
            batch.pad(self._wordpieces.input_ids, self._pad_id),
            batch.mask.astype(np.int32),
            batch.pad(self._wordpieces.segment_ids, 0),
        )
        for name, target in self._vectors.items():
            if name == POOLED_OUTPUT:
                target[numbers] = _given(encoded.pooled)
            else:
                pooling = poolings.find(name)
                target[numbers] = pooling.pool(_given(encoded.sequence), batch.kept)
        sources = {SEQUENCE_OUTPUT: encoded.sequence, LAYERS: encoded.layers}
        for name, tokens in self.tokens.items():
            _put_back(tokens, self.windows, numbers, _given(sources[name]))
        self.positions.append(batch.mask.size)

    def of_documents(self) -> dict[str, np.ndarray]:
        """Make the vectors of documents of those of their windows."""
        kept = self.windows.kept_to - self.windows.kept_from
        windows = DocumentWindows(self.windows.firsts, self.windows.lengths, kept)
        return {name: _combine(name, own, windows) for name, own in self._vectors.items()}


def _combine(name: str, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
    if name == POOLED_OUTPUT:
        return weighted_means(vectors, windows.firsts, windows.lengths)
    return poolings.find(name).combine(vectors, windows)


def _given(vectors: np.ndarray | None) -> np.ndarray:
    """Give what an engine was loaded to compute."""
    if vectors is None:
        raise ValueError("the engine was loaded to compute other features")
    return vectors


def _check_engine(engine: Engine, batching: BatchingConfig, error: Exception) -> None:
    """Raise the error if it is not for any document that the engine fails."""
    ids = np.zeros([1, batching.width(1, SPECIAL_TOKENS)], np.int32)
    try:
        engine.run(ids, ids + 1, ids)
    except Exception:
        raise error from None


def _beyond(
    documents: Mapping[str, np.ndarray],
    tokens: Mapping[str, np.ndarray],
    offsets: np.ndarray,
    most: np.float32,
) -> list[int]:
    """Find the documents with a value of a greater magnitude, or that is no number."""
    within = np.ones(len(offsets) - 1, bool)
    for vectors in documents.values():
        within &= _all_within(vectors, most)
    for vectors in tokens.values() if len(within) else ():
        within &= np.logical_and.reduceat(_all_within(vectors, most), offsets[:-1])
    return np.flatnonzero(~within).tolist()


def _all_within(vectors: np.ndarray, most: np.float32) -> np.ndarray:
    """Tell of each row whether no value is greater; bool. NaN is not within anything."""
    if vectors.max(initial=0.0) <= most and vectors.min(initial=0.0) >= -most:
        return np.ones(len(vectors), bool)
    within: np.ndarray = (vectors.max(axis=1) <= most) & (vectors.min(axis=1) >= -most)
    return within


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
