"""EncodeParts: parts of wordpieces to parts of embeddings, by one model a process."""

import collections
import dataclasses
import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.metrics import Metrics
from apache_beam.utils import shared

import transforms.io.coder  # noqa: F401  (registers the coder of parts)
from transforms import metrics
from transforms.batching.bisection import Outcome
from transforms.bert import loading, minilm, module
from transforms.bert.compute import ComputeConfig
from transforms.bert.devices import allow_memory_growth, process_device
from transforms.bert.engines import Engine
from transforms.bert.module import BertModule
from transforms.bert.output_spec import OutputSpec
from transforms.dedup.lookup import embed_with_table
from transforms.dedup.repeat_files import shared_table
from transforms.documents import header_of, with_header
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings, RunAll, embed
from transforms.embedding.part_embeddings import (
    account,
    add_embeddings,
    reject_oversize,
    take_wordpieces,
)


@dataclasses.dataclass(frozen=True)
class EncodeConfig:
    """Which model computes what.

    Attributes:
        model: handle of the module; see `minilm.resolve`.
        model_sha256: fingerprint that the module must have on every worker.
        embedding: what is computed of each document.
        compute: by which engine, and how exactly.
        repeats: folder that holds a table of repeated documents; see `repeat_files`. None where a
            part's repeats are all that is looked for.
    """

    model: str
    model_sha256: str
    embedding: EmbeddingConfig
    compute: ComputeConfig = dataclasses.field(default_factory=ComputeConfig)
    repeats: str | None = None


class LoadedModel:
    """An engine, and the threads in which the batches of all parts of a process take turns."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._told = 0
        self._threads = ThreadPoolExecutor(engine.parallel, "encode")

    def run_all(
        self,
        run: Callable[[np.ndarray], Outcome],
        batches: list[np.ndarray],
        watch: metrics.Stopwatch,
        told: Callable[[int], object],
    ) -> Iterator[Outcome]:
        """Run batches, as many at once as the engine is good for; results stand in their order.

        Time in which none of these ran is told as waiting, and of each batch how many microseconds
        it took.
        """
        started, busy = time.perf_counter(), 0.0
        under_way: collections.deque[Future[tuple[Outcome, float]]] = collections.deque()
        for numbers in batches:
            under_way.append(self._threads.submit(_timed, run, numbers))
            # Few at a time, so that an interrupted process has little to end.
            if len(under_way) > 2 * self.engine.parallel:
                outcome, seconds = under_way.popleft().result()
                busy += seconds
                told(round(seconds * 1e6))
                yield outcome
        for future in under_way:
            outcome, seconds = future.result()
            busy += seconds
            told(round(seconds * 1e6))
            yield outcome
        elapsed = time.perf_counter() - started
        watch.add(metrics.WAIT_SECONDS, max(0.0, elapsed - busy / self.engine.parallel))

    def newly_compiled(self) -> int:
        """Give how many shapes were compiled since this was asked last."""
        with _LOADING:
            before, self._told = self._told, self.engine.compiled
            return self._told - before


def _timed(run: Callable[[np.ndarray], Outcome], numbers: np.ndarray) -> tuple[Outcome, float]:
    started = time.perf_counter()
    return run(numbers), time.perf_counter() - started


_LOG = logging.getLogger(__name__)
# `shared.Shared` holds its object weakly, and tf.Transform empties its cache between phases: this
# keeps a loaded model for the life of the process.
_LOADED: dict[str, LoadedModel] = {}
_LOADING = threading.Lock()
# XLA takes seconds for each, and memory of the device for as many batches.
_COMPILED_AT_ONCE = 4


def inspect_module(config: EncodeConfig) -> BertModule:
    """Look at the module; its files have to be the ones that the job was planned with."""
    return module.inspect(minilm.resolve(config.model), config.model_sha256)


def load_engine(config: EncodeConfig) -> Engine:
    """Load the model onto the device that this process has, and have all of its shapes compiled."""
    allow_memory_growth()
    wanted = OutputSpec.of(config.embedding.features)
    engine = loading.load(inspect_module(config), wanted, config.compute, process_device())
    if config.compute.xla_buckets:
        warm_up(engine, config.embedding.batching.shapes)
    return engine


def warm_up(engine: Engine, shapes: Iterable[tuple[int, int]]) -> None:
    """Run a batch of each shape `[rows, width]`: what takes long the first time is done then.

    Some are compiled at once, each by a core of its own. One that fails, as for want of memory, is
    tried again alone; where that fails too, it will be halved when there are documents in it.
    """
    shapes = list(shapes)
    with ThreadPoolExecutor(_COMPILED_AT_ONCE, "warm_up") as threads:
        errors = list(threads.map(functools.partial(_try, engine), shapes))
    for shape in (shape for shape, error in zip(shapes, errors, strict=True) if error):
        if error := _try(engine, shape):
            _LOG.warning("A batch of shape %s fails: %s", list(shape), error)


def _try(engine: Engine, shape: tuple[int, int]) -> Exception | None:
    nothing = np.zeros(shape, np.int32)
    try:
        engine.run(nothing, nothing + 1, nothing)
    except Exception as error:
        return error
    return None


def shared_model(config: EncodeConfig, load: Callable[[EncodeConfig], Engine]) -> LoadedModel:
    """Give the model that a process has for a configuration, loading it where it has none."""
    name = _name_of(config)
    with _LOADING:
        if name not in _LOADED:
            _LOG.info("Process %d loads the model %s", os.getpid(), config.model_sha256[:12])
            _LOADED[name] = LoadedModel(load(config))
        return _LOADED[name]


def _name_of(config: EncodeConfig) -> str:
    """Tell what two configurations have alike that share a model."""
    wanted = OutputSpec.of(config.embedding.features)
    return str((config.model_sha256, config.compute, wanted))


def run_all_of(model: LoadedModel, watch: metrics.Stopwatch) -> RunAll:
    """Give what runs batches on a model, and tells the runner how long each took."""
    latency = Metrics.distribution(metrics.NAMESPACE, metrics.BATCH_MICROSECONDS)
    return functools.partial(model.run_all, watch=watch, told=latency.update)


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


class ModelDoFn(beam.DoFn):
    """Has the model of its process, as `self._model`."""

    def __init__(self, config: EncodeConfig, load: Callable[[EncodeConfig], Engine]) -> None:
        self._config = config
        self._load = load
        self._handle = shared.Shared()
        self._compiled = Metrics.counter(metrics.NAMESPACE, metrics.COMPILED_SHAPES)

    def run_all(self, watch: metrics.Stopwatch) -> RunAll:
        """Give what runs batches on the model, and tells how long each took."""
        return run_all_of(self._model, watch)

    def setup(self) -> None:
        self._model = self._handle.acquire(self._acquire, tag=_name_of(self._config))

    def _acquire(self) -> LoadedModel:
        return shared_model(self._config, self._load)


class _EncodePart(ModelDoFn):
    def setup(self) -> None:
        super().setup()
        folder, features = self._config.repeats, self._config.embedding.features
        self._embed: Callable[..., PartEmbeddings] = embed
        if folder is not None:
            table = shared_table(folder, features, self._model.engine.hidden_size)
            self._embed = functools.partial(embed_with_table, table)

    def process(self, part: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        watch = metrics.Stopwatch()
        config, model = self._config.embedding, self._model
        part = reject_oversize(part, model.engine.hidden_size, config)
        run_all = self.run_all(watch)
        with watch.section(metrics.ENCODE_SECONDS):
            wordpieces, sound = take_wordpieces(part)
            embeddings = self._embed(wordpieces, model.engine, config, run_all)
        waited = watch.seconds.setdefault(metrics.WAIT_SECONDS, 0.0)
        watch.seconds[metrics.ENCODE_SECONDS] -= waited
        embedded = add_embeddings(part, sound, wordpieces, embeddings, config.shaping)
        header = header_of(part).measured(**watch.seconds, **account(embedded, embeddings))
        # No count of the part's: it depends on what this process did before.
        self._compiled.inc(model.newly_compiled())
        yield with_header(embedded, header)
