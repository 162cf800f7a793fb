"""EncodeParts: parts of wordpieces to parts of embeddings, by one model a process."""

import dataclasses
import threading
from collections.abc import Callable, Iterator

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.utils import shared

from transforms import (
    coder,  # noqa: F401  (registers the coder of parts)
    metrics,
)
from transforms.bert import folder, module
from transforms.bert.engines import Engine, TensorflowEngine
from transforms.documents import header_of, with_header
from transforms.embedded import account, add_embeddings, reject_oversize, take_wordpieces
from transforms.embedding import EmbeddingConfig, embed


@dataclasses.dataclass(frozen=True)
class EncodeConfig:
    """Which model computes what.

    Attributes:
        model: handle of the module; see `folder.resolve`.
        model_sha256: fingerprint that the module must have on every worker.
        embedding: what is computed of each document.
    """

    model: str
    model_sha256: str
    embedding: EmbeddingConfig


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
        config = self._config.embedding
        part = reject_oversize(part, self._model.engine.hidden_size, config)
        with watch.section(metrics.ENCODE_SECONDS):
            wordpieces, sound = take_wordpieces(part)
            embeddings = embed(wordpieces, _TakingTurns(self._model, watch), config)
        waited = watch.seconds.setdefault(metrics.WAIT_SECONDS, 0.0)
        watch.seconds[metrics.ENCODE_SECONDS] -= waited
        embedded = add_embeddings(part, sound, wordpieces, embeddings)
        header = header_of(part).measured(**watch.seconds, **account(embedded, embeddings))
        yield with_header(embedded, header)
