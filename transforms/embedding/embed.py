"""Embed documents with a model: cut windows, run batches, pool."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import numpy as np

from transforms import poolings
from transforms.batching.batches import BatchingConfig, PaddedBatch, pad_batch
from transforms.batching.bisection import Outcome, run_or_bisect
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import WindowConfig, Windows, cut_windows
from transforms.bert.engines import Engine
from transforms.bert.output_spec import OutputSpec
from transforms.embedding.distinct import find_distinct
from transforms.embedding.value_range import out_of_range
from transforms.features import (
    DEFAULT,
    DOCUMENT_FEATURES,
    FLOAT32,
    LAYERS,
    POOLED_OUTPUT,
    SENTENCE,
    SEQUENCE_OUTPUT,
    check_features,
    widths_of_tokens,
)
from transforms.poolings import DocumentWindows
from transforms.poolings.reductions import weighted_means
from transforms.records.postprocess import Shaping
from transforms.vector_widths import VectorWidths
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS

_Computed = TypeVar("_Computed")
RunAll = Callable[[Callable[[np.ndarray], Outcome], list[np.ndarray]], Iterable[Outcome]]


@dataclasses.dataclass(frozen=True)
class EmbeddingConfig:
    """What is computed for each document, and how.

    Attributes:
        features: some of `features.FEATURES`.
        windows: how documents longer than the model's input are cut.
        batching: how windows are grouped into batches.
        pad_id: id of [PAD].
        dtype: the type that vectors are stored in; a document with a value that it cannot hold
            fails.
        shaping: how vectors of documents are changed before they are stored.
        own_widths: the width of each feature of documents that is not the hidden size; see
            `VectorWidths`.
        sentence_poolings: the poolings of the model's `sentence`, if it has one.
        sentence_from: the first token that these pool: those before it are of a prompt. The last
            token of a window counts always.
    """

    features: tuple[str, ...]
    windows: WindowConfig = dataclasses.field(default_factory=WindowConfig)
    batching: BatchingConfig = dataclasses.field(default_factory=BatchingConfig)
    pad_id: int = 0
    dtype: str = FLOAT32
    shaping: Shaping = dataclasses.field(default_factory=Shaping)
    own_widths: Mapping[str, int] = dataclasses.field(default_factory=dict)
    sentence_poolings: tuple[str, ...] = ()
    sentence_from: int = 0

    def __post_init__(self) -> None:
        check_features(self.features)

    def widths(self, hidden_size: int) -> VectorWidths:
        """Return the widths of the vectors of a model with this hidden size."""
        return VectorWidths(hidden_size, self.own_widths)

    @property
    def outputs(self) -> OutputSpec:
        """The outputs of the encoder that are needed."""
        return OutputSpec.of(self.features, self.sentence_poolings)

    @property
    def of_documents(self) -> tuple[str, ...]:
        """The requested features of documents."""
        return tuple(name for name in self.features if name in DOCUMENT_FEATURES)

    @property
    def of_windows(self) -> tuple[tuple[str, int], ...]:
        """The vectors that are computed for each window, and the first token that each pools."""
        requested = [(name, 0) for name in self.of_documents if name != SENTENCE]
        return tuple(dict.fromkeys([*requested, *self.of_sentence]))

    @property
    def of_sentence(self) -> tuple[tuple[str, int], ...]:
        """Those of `of_windows` that `sentence` is computed from."""
        used = self.sentence_poolings if SENTENCE in self.features else ()
        return tuple((name, self.sentence_from) for name in used)


@dataclasses.dataclass(frozen=True)
class PartEmbeddings:
    """The vectors of a part's valid documents.

    Attributes:
        documents: feature name to float32 [documents, width].
        tokens: feature name to float32 [tokens, width].
        computed_tokens: positions computed; a token in two windows counts twice.
        padded_tokens: positions computed, padding included.
        batches: number of planned batches.
        bisected_batches: number of batches that failed and were run again in halves.
        repeated: documents with the same tokens as an earlier one, whose vectors they get.
        repeated_elsewhere: those of them whose vectors come from the corpus's table.
        reused: documents whose vectors come from earlier parts; they do not count as repeated.
        failed: the model's error for each document that failed, by the document's index. The
            vectors of these documents are undefined.
    """

    documents: Mapping[str, np.ndarray]
    tokens: Mapping[str, np.ndarray]
    computed_tokens: int = 0
    padded_tokens: int = 0
    batches: int = 0
    bisected_batches: int = 0
    repeated: int = 0
    repeated_elsewhere: int = 0
    reused: int = 0
    failed: Mapping[int, str] = dataclasses.field(default_factory=dict)


def embed_sequences(
    sequences: TokenSequences, engine: Engine, config: EmbeddingConfig, run_all: RunAll = map
) -> PartEmbeddings:
    """Embed documents in batches of similar length; the result has the documents' order.

    The vectors of a document do not depend on the other documents, within float32 rounding; not at
    all if batches have groups of lengths, and `invariance.is_invariant` accepts the engine.

    Documents with equal tokens are computed once. For a document of several windows,
    `sequence_output` and `layers` take each token from the window where it has the most context,
    poolings are computed over these tokens, and `pooled_output`, `default` and `cls` are the means
    of the windows' vectors, weighted by the windows' lengths. The steps of `sentence` after its
    poolings are computed on the vectors of documents.

    Args:
        sequences: the documents.
        engine: runs the model.
        config: what to compute.
        run_all: calls a function with each batch and returns the results in order: `map`, or a
            function that makes several calls at once.

    Raises:
        Exception: the engine fails even on the shortest input; this is its error.
    """
    distinct = find_distinct(sequences)
    embeddings = _embed_distinct(distinct.sequences, engine, config, run_all)
    failed = {
        int(document): error
        for number, error in embeddings.failed.items()
        for document in np.flatnonzero(distinct.numbers == number)
    }
    return dataclasses.replace(
        embeddings,
        documents={name: distinct.spread(x) for name, x in embeddings.documents.items()},
        tokens={name: distinct.spread_tokens(x) for name, x in embeddings.tokens.items()},
        repeated=distinct.repeated,
        failed=failed,
    )


def _embed_distinct(
    sequences: TokenSequences, engine: Engine, config: EmbeddingConfig, run_all: RunAll
) -> PartEmbeddings:
    runner = _WindowRunner(sequences, engine, config)
    windows, batching = runner.windows, config.batching
    batches = batching.plan_by_size(windows.lengths)
    outcomes = list(run_all(functools.partial(run_or_bisect, runner.run), batches))
    errors = {window: error for outcome in outcomes for window, error in outcome.errors.items()}
    if errors:
        _check_engine(engine, batching, next(iter(errors.values())))
    documents = runner.document_vectors()
    failed = out_of_range(documents, runner.tokens, sequences.offsets, config.dtype)
    failed |= {int(windows.documents[window]): str(error) for window, error in errors.items()}
    return PartEmbeddings(
        documents=documents,
        tokens=runner.tokens,
        computed_tokens=int(windows.lengths.sum()),
        padded_tokens=sum(runner.batch_positions),
        batches=len(batches),
        bisected_batches=sum(outcome.bisections for outcome in outcomes),
        failed=failed,
    )


class _WindowRunner:
    """Runs the windows of a part on an engine, and collects their vectors.

    Several batches may run at once: each writes to different rows of the arrays.
    """

    def __init__(self, sequences: TokenSequences, engine: Engine, config: EmbeddingConfig) -> None:
        self.windows = cut_windows(sequences.offsets, config.windows)
        self.batch_positions: list[int] = []
        widths = config.widths(engine.hidden_size)
        self.tokens = {
            name: np.empty([len(sequences.input_ids), widths.hidden_size * times], np.float32)
            for name, times in widths_of_tokens(config.features).items()
        }
        self._window_vectors = {
            key: np.zeros([len(self.windows.lengths), widths.of(key[0])], np.float32)
            for key in config.of_windows
        }
        self._config = config
        self._sequences = sequences
        self._engine = engine
        self._batching = config.batching
        self._pad_id = config.pad_id

    def run(self, numbers: np.ndarray) -> None:
        """Run the windows with the given indices as one batch."""
        batch = pad_batch(self.windows, numbers, self._batching)
        encoded = self._engine.run(
            batch.pad(self._sequences.input_ids, self._pad_id),
            batch.mask.astype(np.int32),
            batch.pad(self._sequences.segment_ids, 0),
        )
        for (name, first), vectors in self._window_vectors.items():
            if name == POOLED_OUTPUT:
                vectors[numbers] = _require(encoded.pooled)
            elif name == DEFAULT:
                vectors[numbers] = _require(encoded.default)
            else:
                kept = _kept_from(first, batch) if first else batch.kept
                vectors[numbers] = poolings.find(name).pool(_require(encoded.sequence), kept)
        outputs = {SEQUENCE_OUTPUT: encoded.sequence, LAYERS: encoded.layers}
        for name, tokens in self.tokens.items():
            _copy_kept(_require(outputs[name]), self.windows, numbers, tokens)
        self.batch_positions.append(batch.mask.size)

    def document_vectors(self) -> dict[str, np.ndarray]:
        """Combine the vectors of windows into vectors of documents."""
        kept = self.windows.kept_to - self.windows.kept_from
        windows = DocumentWindows(self.windows.firsts, self.windows.lengths, kept)
        vectors = {
            key: _combine(key[0], rows, windows) for key, rows in self._window_vectors.items()
        }
        of_sentence = self._config.of_sentence
        if of_sentence:
            pooled = [vectors[key] for key in of_sentence]
            vectors[SENTENCE, 0] = _require(self._engine.sentence).apply(pooled)
        return {name: vectors[name, 0] for name in self._config.of_documents}


def _kept_from(first: int, batch: PaddedBatch) -> np.ndarray:
    """Return the tokens that count, from the first on; bool [windows, longest]."""
    last = batch.mask.sum(axis=1, keepdims=True) - 1
    kept: np.ndarray = batch.kept & (np.arange(batch.kept.shape[1]) >= np.minimum(first, last))
    return kept


def _combine(name: str, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
    if name in (POOLED_OUTPUT, DEFAULT):
        return weighted_means(vectors, windows.firsts, windows.lengths)
    return poolings.find(name).combine(vectors, windows)


def _require(computed: _Computed | None) -> _Computed:
    if computed is None:
        raise ValueError("the engine was loaded to compute other features")
    return computed


def _check_engine(engine: Engine, batching: BatchingConfig, error: Exception) -> None:
    """Raise the error if the engine fails on [PAD]s too, so that no document is its cause."""
    ids = np.zeros([1, batching.width(1, SPECIAL_TOKENS)], np.int32)
    try:
        engine.run(ids, ids + 1, ids)
    except Exception:
        raise error from None


def _copy_kept(
    sequence: np.ndarray, windows: Windows, numbers: np.ndarray, tokens: np.ndarray
) -> None:
    """Copy the token vectors that count, without padding, to their rows in `tokens`.

    One copy for each window takes a quarter of the time of gathering and scattering all rows.
    """
    for number, rows in zip(numbers, sequence, strict=True):
        begin = windows.begins[number]
        start, end = windows.kept_from[number], windows.kept_to[number]
        tokens[begin + start : begin + end] = rows[start:end]
