"""EncodeParts: from parts of wordpieces to parts of embeddings, with one model a process."""

import dataclasses
import functools
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.metrics import Metrics
from apache_beam.utils import shared

import transforms.io.coder  # noqa: F401  (registers the coder of parts)
from transforms import metrics
from transforms.batching.bisection import Outcome
from transforms.batching.token_sequences import TokenSequences
from transforms.bert import loading, module
from transforms.bert.compute import ComputeConfig
from transforms.bert.devices import allow_memory_growth, process_device
from transforms.bert.engines import Engine
from transforms.bert.module import BertModule
from transforms.checkpoints import imported_models
from transforms.dedup.lookup import embed_with_table
from transforms.dedup.repeat_files import shared_table
from transforms.documents import begins_document, header_of, with_header
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings, RunAll, embed_sequences
from transforms.embedding.loaded_model import LoadedModel, warm_up
from transforms.embedding.part_embeddings import (
    account,
    add_embeddings,
    reject_oversize,
    shape_documents,
    take_sequences,
)
from transforms.features import INPUT_IDS
from transforms.reuse.reused_vectors import ReuseConfig, ReusedVectors
from transforms.reuse.vector_table import load_table
from transforms.running.board import BOARD, Share
from transforms.running.spans import span


@dataclasses.dataclass(frozen=True)
class EncodeConfig:
    """Which model computes what.

    Attributes:
        model: handle of the module; see `imported_models.resolve`.
        model_sha256: the fingerprint that the module must have on every worker.
        embedding: what is computed for each document.
        compute: the engine and its precision.
        repeats: a folder that contains a table of repeated documents; see `repeat_files`. None if
            only repeats within a part are found.
        reuse: a table of vectors that earlier parts have; None if all are computed.
    """

    model: str
    model_sha256: str
    embedding: EmbeddingConfig
    compute: ComputeConfig = dataclasses.field(default_factory=ComputeConfig)
    repeats: str | None = None
    reuse: ReuseConfig | None = None


# Embeds the documents of a part, and shapes their vectors.
Embed = Callable[[TokenSequences, RunAll], PartEmbeddings]


def _ignore(_: float) -> None:
    """Show no progress."""


def encode_part(
    part: pa.RecordBatch,
    model: LoadedModel,
    config: EmbeddingConfig,
    embed: Embed,
    set_share: Share = _ignore,
) -> pa.RecordBatch:
    """Embed the documents of a part, and add counts and times to its header.

    Args:
        part: wordpieces.
        model: runs the batches.
        config: what to compute.
        embed: embeds the documents, and shapes their vectors.
        set_share: is called after each batch, with the share of the batches that are done.
    """
    watch = metrics.Stopwatch()
    engine, run_all = model.engine, reporting(batch_runner(model, watch), set_share)
    part = reject_oversize(part, config.widths(engine.hidden_size), config)
    with watch.section(metrics.ENCODE_SECONDS):
        sequences, is_valid = take_sequences(part)
        embeddings = embed(sequences, run_all)
    waited = watch.seconds.setdefault(metrics.WAIT_SECONDS, 0.0)
    watch.seconds[metrics.ENCODE_SECONDS] -= waited
    embedded = add_embeddings(part, is_valid, sequences, embeddings)
    header = header_of(part).measured(**watch.seconds, **account(embedded, embeddings))
    return with_header(embedded, header)


def batch_runner(model: LoadedModel, watch: metrics.Stopwatch) -> RunAll:
    """Return a function that runs batches on a model and reports durations to the runner."""
    latency = Metrics.distribution(metrics.NAMESPACE, metrics.BATCH_MICROSECONDS)
    return functools.partial(model.run_all, watch=watch, on_batch=latency.update)


def reporting(run_all: RunAll, set_share: Share) -> RunAll:
    """Return a function that runs batches as `run_all`, and reports how many of them are done."""

    def run(one: Callable[[np.ndarray], Outcome], batches: list[np.ndarray]) -> Iterable[Outcome]:
        for done, outcome in enumerate(run_all(one, batches), start=1):
            set_share(done / len(batches))
            yield outcome

    return run


def inspect_module(config: EncodeConfig) -> BertModule:
    """Inspect the module, and check that it is the one with which the job was planned."""
    return module.inspect(imported_models.resolve(config.model), config.model_sha256)


def load_engine(config: EncodeConfig) -> Engine:
    """Load the model onto the device of this process, and compile all shapes if they are fixed.

    Raises:
        ValueError: this machine cannot compute what the job computes: another one has to.
    """
    allow_memory_growth()
    config.compute.check_native()
    outputs = config.embedding.outputs
    engine = loading.load(inspect_module(config), outputs, config.compute, process_device())
    if config.compute.xla_buckets:
        warm_up(engine, config.embedding.batching.shapes)
    return engine


_LOG = logging.getLogger(__name__)
# `shared.Shared` holds its object weakly, and tf.Transform empties its cache between phases. This
# dictionary keeps a loaded model until the process ends.
_LOADED: dict[str, LoadedModel] = {}
_LOADING = threading.Lock()


def shared_model(config: EncodeConfig) -> LoadedModel:
    """Return the process's model for a configuration; load it on the first call."""
    key = _model_key(config)
    with _LOADING:
        if key not in _LOADED:
            _LOG.info("Process %d loads the model %s", os.getpid(), config.model_sha256[:12])
            with span("load the model"):
                _LOADED[key] = LoadedModel(load_engine(config))
        return _LOADED[key]


def _model_key(config: EncodeConfig) -> str:
    """Return the model cache key: configurations with the same key share a model."""
    outputs = config.embedding.outputs
    return str((config.model_sha256, config.compute, outputs))


@dataclasses.dataclass
class EncodeParts(beam.PTransform):
    """Embed the documents of each part.

    Attributes:
        config: what is computed, and by which model.
    """

    config: EncodeConfig

    def expand(self, parts: beam.PCollection[pa.RecordBatch]) -> beam.PCollection[pa.RecordBatch]:
        return parts | "EncodePart" >> beam.ParDo(_EncodePart(self.config))


class ModelDoFn(beam.DoFn):
    """A DoFn with the model of its process, which is loaded while the stages before it work."""

    def __init__(self, config: EncodeConfig) -> None:
        self._config = config
        self._handle = shared.Shared()

    def setup(self) -> None:
        threads = ThreadPoolExecutor(1, "model")
        self._loading = threads.submit(self._acquire)
        threads.shutdown(wait=False)

    def _acquire(self) -> LoadedModel:
        load = functools.partial(shared_model, self._config)
        model: LoadedModel = self._handle.acquire(load, tag=_model_key(self._config))
        return model

    @property
    def _model(self) -> LoadedModel:
        """The model; waits until it is loaded, and raises what loading it raised."""
        return self._loading.result()


class _EncodePart(ModelDoFn):
    def __init__(self, config: EncodeConfig) -> None:
        super().__init__(config)
        self._reused = shared.Shared()
        self._compiled_shapes = Metrics.counter(metrics.NAMESPACE, metrics.COMPILED_SHAPES)

    @functools.cached_property
    def _embed(self) -> Embed:
        config, embedding = self._config, self._config.embedding
        if config.reuse is not None:
            load = functools.partial(self._load_reused, config.reuse)
            reused: ReusedVectors = self._reused.acquire(load, tag=config.reuse.table)
            return reused.embed
        if config.repeats is None:
            return self._shaped(embed_sequences)
        widths = embedding.widths(self._model.engine.hidden_size)
        table = shared_table(config.repeats, embedding.features, widths)
        return self._shaped(functools.partial(embed_with_table, table))

    def _shaped(self, embed: Callable[..., PartEmbeddings]) -> Embed:
        engine, config = self._model.engine, self._config.embedding

        def embed_shaped(sequences: TokenSequences, run_all: RunAll) -> PartEmbeddings:
            return shape_documents(embed(sequences, engine, config, run_all), config.shaping)

        return embed_shaped

    def _load_reused(self, reuse: ReuseConfig) -> ReusedVectors:
        return ReusedVectors(
            load_table(reuse.table), self._model.engine, self._config.embedding, reuse.vocab_size
        )

    def process(self, part: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        model, embed = self._model, self._embed
        tokens = pc.sum(pc.list_value_length(part.column(INPUT_IDS))).as_py() or 0
        documents = int(begins_document(part).sum())
        # The stages are fused: the part is written before this continues.
        with BOARD.running(header_of(part), documents, tokens) as set_share:
            embedding = self._config.embedding
            embedded = encode_part(part, model, embedding, embed, set_share)
            # Not a count of the part, because it depends on what the process did before.
            self._compiled_shapes.inc(model.count_new_shapes())
            yield embedded
