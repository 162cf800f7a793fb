"""BertEmbeddings: one step of somebody else's pipeline, in batch and in streaming."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.metrics import Metrics
from apache_beam.typehints import typehints
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics
from transforms.bert import folder, minilm
from transforms.bert.engines import Engine
from transforms.encode import EncodeConfig, ModelDoFn, inspect_module, load_engine
from transforms.features import TOKEN_FEATURES
from transforms.text_config import TextConfig
from transforms.text_embedder import Rejected, TextEmbedder, fields_of, with_vectors

# Elements of a bundle that are embedded at once: more have less padding, and take more memory.
MOST_ELEMENTS = 512
_MOST_CHARACTERS = 256 << 10
REJECTED = "rejected"


class EmbeddedElements(NamedTuple):
    """What BertEmbeddings gives.

    Attributes:
        embedded: the elements, with vectors.
        rejected: rows of `element`, `reason` and `detail`, for those that have none.
    """

    embedded: beam.PCollection[Any]
    rejected: beam.PCollection[Any]


class BertEmbeddings(beam.PTransform):
    """Put BERT's vectors beside the elements of a collection.

    Texts become rows of `text` and the features; rows and NamedTuples become rows of their fields
    and the features, lists of floats; dicts become dicts with float32 arrays. Timestamps and
    windows stay. A text gets the vectors that `beam-bert embed` gives it. What cannot be embedded
    is in the second output, so that each element is in one of the two:

        embedded, rejected = texts | BertEmbeddings(model="minilm", features=["mean"])

    Elements are batched within their bundle, and one model is loaded a process.
    """

    def __init__(
        self,
        model: str = "minilm",
        features: Sequence[str] = ("mean",),
        *,
        load: Callable[[EncodeConfig], Engine] = load_engine,
        **settings: Any,
    ) -> None:
        """Configure; see `TextConfig` for the settings.

        Args:
            model: as `--model` of embed: a folder, an archive, a URL that TF Hub resolves, or
                `minilm`. Workers have to reach it by the same name.
            features: as `--features` of embed.
            load: makes the engine; tests count its calls.
            settings: those of `TextConfig`.

        Raises:
            ValueError: a setting means nothing, or there is no such model.
            TypeError: there is no such setting.
        """
        super().__init__()
        given = (features,) if isinstance(features, str) else tuple(features)
        self._config = TextConfig(features=given, **settings)
        self._encode = encode_config(model, self._config)
        self._load = load

    def expand(self, elements: beam.PCollection[Any]) -> Any:
        asked = elements.element_type
        row = _row_type(asked, self._config)
        both = elements | "Embed" >> beam.ParDo(
            _EmbedElements(self._config, self._encode, self._load)
        ).with_outputs(REJECTED, main="embedded")
        # Beam 2.77 hands what a DoFn gives when its bundle ends to no consumer that takes batches,
        # as the one of WriteToJson: a step that gives elements one by one has to stand between.
        return EmbeddedElements(
            both.embedded
            | "Embedded"
            >> beam.Map(_same).with_output_types(_embedded_type(asked, row, self._config)),
            both.rejected
            | "Rejected" >> beam.Map(_same).with_output_types(_rejected_type(asked, row)),
        )


def _same(element: Any) -> Any:
    return element


def encode_config(model: str, config: TextConfig) -> EncodeConfig:
    """Name a model by its fingerprint, and tell what it is to compute.

    Raises:
        ValueError: there is no such model, or its engine is not installed.
    """
    path = minilm.resolve(model)
    config.compute.check_installed()
    return EncodeConfig(
        model=model if "://" in model else str(path),
        model_sha256=folder.fingerprint(path),
        embedding=config.embedding(),
        compute=config.compute,
    )


def _row_type(asked: Any, config: TextConfig) -> RowTypeConstraint | None:
    """Give the fields of elements that are texts or rows, if they are known."""
    if asked is str:
        return RowTypeConstraint.from_fields([(config.text_field, str)])
    row = asked if isinstance(asked, RowTypeConstraint) else RowTypeConstraint.from_user_type(asked)
    if row is None:
        return None
    names = [name for name, _ in row._fields]
    wanted = [name for name in (config.text_field, config.text_b_field) if name is not None]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(f"rows have no field {missing[0]!r}; they have {', '.join(names)}")
    taken = [name for name in config.names if name in names]
    if taken:
        raise ValueError(f"rows have a field {taken[0]!r} already: rename it")
    return row


def _embedded_type(asked: Any, row: RowTypeConstraint | None, config: TextConfig) -> Any:
    if row is None:
        return dict[str, Any] if isinstance(asked, typehints.DictConstraint) else Any
    vector = Sequence[np.float32]
    types = [
        (name, Sequence[vector] if name in TOKEN_FEATURES else vector) for name in config.names
    ]
    return RowTypeConstraint.from_fields([*row._fields, *types])


def _rejected_type(asked: Any, row: RowTypeConstraint | None) -> Any:
    if row is None:
        return Any
    element = str if asked is str else asked
    return RowTypeConstraint.from_fields([("element", element), ("reason", str), ("detail", str)])


class _EmbedElements(ModelDoFn):
    """Gathers elements of a bundle, and embeds them together."""

    def __init__(
        self, config: TextConfig, encode: EncodeConfig, load: Callable[[EncodeConfig], Engine]
    ) -> None:
        super().__init__(encode, load)
        self._text = config

    def setup(self) -> None:
        super().setup()
        module = inspect_module(self._config)
        self._embedder = TextEmbedder(self._text, module, self._model.engine)

    def start_bundle(self) -> None:
        self._gathered: list[WindowedValue] = []
        self._characters = 0

    def process(
        self,
        element: Any,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
    ) -> Iterator[Any]:
        self._gathered.append(WindowedValue(element, timestamp, (window,)))
        text = (fields_of(element, self._text.text_field) or {}).get(self._text.text_field)
        self._characters += len(text) if isinstance(text, str) else 0
        if len(self._gathered) >= MOST_ELEMENTS or self._characters >= _MOST_CHARACTERS:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._flush()

    def _flush(self) -> Iterator[Any]:
        gathered, self._gathered, self._characters = self._gathered, [], 0
        watch = metrics.Stopwatch()
        found = self._embedder.embed([value.value for value in gathered], self.run_all(watch))
        for name, count in found.counts.items():
            Metrics.counter(metrics.NAMESPACE, name).inc(count)
        for value, vectors in zip(gathered, found.vectors, strict=True):
            if isinstance(vectors, Rejected):
                told = beam.Row(element=value.value, reason=vectors.reason, detail=vectors.detail)
                yield beam.pvalue.TaggedOutput(REJECTED, value.with_value(told))
            else:
                yield value.with_value(self._beside(value.value, vectors))

    def _beside(self, element: Any, vectors: dict[str, np.ndarray]) -> Any:
        if isinstance(element, dict):
            return {**element, **vectors}
        fields = fields_of(element, self._text.text_field) or {}
        return beam.Row(**with_vectors(fields, vectors))
