"""BertEmbeddings: one step of somebody else's pipeline, in batch and in streaming."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.transforms.error_handling import ErrorHandler
from apache_beam.typehints import typehints
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.utils.windowed_value import WindowedValue

from transforms.bert import minilm, module
from transforms.bert.engines import Engine
from transforms.elements.shared_embedder import shared_embedder
from transforms.elements.text_config import TextConfig
from transforms.elements.text_embedder import Rejected, as_unicode, fields_of, with_vectors
from transforms.encode import EncodeConfig, load_engine
from transforms.features import TOKEN_FEATURES, layers_of, split_features
from transforms.rejects import detail

# Elements of a bundle that are embedded at once: more have less padding, and take more memory.
MOST_ELEMENTS = 512
_MOST_CHARACTERS = 256 << 10
REJECTED = "rejected"


class EmbeddedElements(NamedTuple):
    """What BertEmbeddings gives where it is told to handle exceptions.

    Attributes:
        embedded: the elements, with vectors.
        rejected: rows of `element`, `reason` (a value of `rejects.Reason`) and `detail`, for those
            that have none.
    """

    embedded: beam.PCollection[Any]
    rejected: beam.PCollection[Any]


class BertEmbeddings(beam.PTransform):
    """Put BERT's vectors beside the elements of a collection.

    Texts become rows of `text` and the features; rows, NamedTuples and dataclasses become rows of
    their fields and the features, lists of floats; dicts become dicts with float32 arrays.
    Timestamps, windows and panes stay. A text gets the vectors that `beam-bert embed` gives it.

    As with Beam's own transforms, an element that cannot be embedded fails the pipeline, unless
    there is a second output for it. Then each element is in one of the two:

        vectors = texts | BertEmbeddings(model="minilm", features=["mean"])
        embedded, rejected = texts | BertEmbeddings().with_exception_handling()

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
                `minilm`. Workers find it by the same name, and refuse another of that name.
            features: as `--features` of embed.
            load: makes the engine; tests count its calls.
            settings: those of `TextConfig`.

        Raises:
            ValueError: a setting means nothing, or there is no such model, or it cannot do that.
            TypeError: there is no such setting.
        """
        super().__init__()
        self._config = TextConfig(features=features_of(features), **settings)
        self._encode = config_for_model(model, self._config)
        self._load = load
        self._gives_rejected = False
        self._handler: ErrorHandler | None = None

    def with_exception_handling(self) -> "BertEmbeddings":
        """Give `EmbeddedElements`: what cannot be embedded is its second collection."""
        changed = copy.copy(self)
        changed._gives_rejected = True
        return changed

    def with_error_handler(self, handler: ErrorHandler | None) -> "BertEmbeddings":
        """Hand what cannot be embedded to an error handler of Beam's; None fails the pipeline."""
        changed = copy.copy(self)
        changed._handler = handler
        return changed

    def expand(self, elements: beam.PCollection[Any]) -> Any:
        handles = self._gives_rejected or self._handler is not None
        embedded_type, rejected_type = element_types(elements.element_type, self._config)
        fn = _EmbedElements(self._config, self._encode, self._load, fails=not handles)
        both = elements | "Embed" >> beam.ParDo(fn).with_output_types(
            embedded_type, rejected=rejected_type
        ).with_outputs(REJECTED, main="embedded")
        # Beam 2.77 hands what a DoFn gives when its bundle ends to no consumer that takes batches,
        # as the one of WriteToJson: a step that gives elements one by one has to stand between.
        embedded = both.embedded | "Embedded" >> beam.Map(_same).with_output_types(embedded_type)
        if not handles:
            return embedded
        rejected = both.rejected | "Rejected" >> beam.Map(_same).with_output_types(rejected_type)
        if self._handler is not None:
            self._handler.add_error_pcollection(rejected)
        return EmbeddedElements(embedded, rejected) if self._gives_rejected else embedded


def _same(element: Any) -> Any:
    return element


def features_of(given: str | Sequence[str]) -> tuple[str, ...]:
    """Take features as a sequence, or in one string, as `--features` has them."""
    return split_features(given) if isinstance(given, str) else tuple(given)


def config_for_model(model: str, config: TextConfig) -> EncodeConfig:
    """Name a model by its fingerprint, and tell what it is to compute.

    Raises:
        ValueError: there is no such model, it cannot do that, or its engine is not installed.
    """
    path = minilm.resolve(model)
    config.compute.check_installed()
    inspected = module.inspect(path)
    inspected.check_length(config.max_seq_length)
    inspected.check_layers(layers_of(config.features))
    config.shaping.check_width(inspected.shape.hidden_size)
    # What names no place on this machine stays as it is, for workers to find on theirs.
    anywhere = "://" in model or (model == minilm.NAME and path == minilm.module_folder())
    return EncodeConfig(
        model=model if anywhere else str(Path(model).resolve()),
        model_sha256=inspected.fingerprint,
        embedding=config.embedding(),
        compute=config.compute,
    )


def element_types(asked: Any, config: TextConfig) -> tuple[Any, Any]:
    """Tell the types of what is embedded and of what is rejected, by that of the elements.

    Raises:
        ValueError: elements are rows that lack a field, or have one of a feature's name.
    """
    row = _row_type(asked, config)
    # Beam's schemas take a union for its first member, and lists for tuples: these are no type.
    element = asked if row is not None else _dict_or_any(asked)
    rejected = [("element", element), ("reason", str), ("detail", str)]
    return _embedded_type(asked, row, config), RowTypeConstraint.from_fields(rejected)


def _row_type(asked: Any, config: TextConfig) -> RowTypeConstraint | None:
    """Give the fields of elements that are texts or rows, if they are known."""
    if asked in (str, typehints.Optional[str]):
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


def _dict_or_any(asked: Any) -> Any:
    named = isinstance(asked, typehints.DictConstraint) and asked.key_type is str
    return dict[str, Any] if named else Any


def _embedded_type(asked: Any, row: RowTypeConstraint | None, config: TextConfig) -> Any:
    if row is None:
        return _dict_or_any(asked)
    vector = Sequence[np.float32]
    types = [
        (name, Sequence[vector] if name in TOKEN_FEATURES else vector) for name in config.names
    ]
    return RowTypeConstraint.from_fields([*row._fields, *types])


class _EmbedElements(beam.DoFn):
    """Gathers elements of a bundle, and embeds them together."""

    def __init__(
        self,
        config: TextConfig,
        encode: EncodeConfig,
        load: Callable[[EncodeConfig], Engine],
        fails: bool,
    ) -> None:
        self._text = config
        self._encode = encode
        self._load = load
        self._fails = fails

    def setup(self) -> None:
        self._embedder = shared_embedder(self._text, self._encode, self._load)

    def start_bundle(self) -> None:
        self._gathered: list[WindowedValue] = []
        self._characters = 0

    def process(
        self,
        element: Any,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
        pane: Any = beam.DoFn.PaneInfoParam,
    ) -> Iterator[Any]:
        self._gathered.append(WindowedValue(element, timestamp, (window,), pane))
        text = (fields_of(element, self._text.text_field) or {}).get(self._text.text_field)
        self._characters += len(text) if isinstance(text, str) else 0
        if len(self._gathered) >= MOST_ELEMENTS or self._characters >= _MOST_CHARACTERS:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._flush()

    def _flush(self) -> Iterator[Any]:
        gathered, self._gathered, self._characters = self._gathered, [], 0
        found = self._embedder.embed([value.value for value in gathered])
        for value, vectors in zip(gathered, found.vectors, strict=True):
            if isinstance(vectors, Rejected):
                rejected = value.with_value(self._reject(value.value, vectors))
                yield beam.pvalue.TaggedOutput(REJECTED, rejected)
            else:
                yield value.with_value(self._beside(value.value, vectors))

    def _reject(self, element: Any, why: Rejected) -> beam.Row:
        if self._fails:
            raise ValueError(
                f"{detail(repr(element))} cannot be embedded: {why.reason}: {why.detail}; "
                "with_exception_handling(), in YAML error_handling, sends such elements to an "
                "output of their own"
            )
        return beam.Row(element=_sendable(element), reason=why.reason, detail=why.detail)

    def _beside(self, element: Any, vectors: dict[str, np.ndarray]) -> Any:
        if isinstance(element, dict):
            return {**element, **vectors}
        fields = fields_of(element, self._text.text_field) or {}
        return beam.Row(**with_vectors(fields, vectors))


def _sendable(element: Any) -> Any:
    """Give an element, whatever text it has, as one that its coder takes."""
    if isinstance(element, str | Mapping):
        return as_unicode(element)
    fields = fields_of(element, "")
    if fields is None or isinstance(element, bytes) or element is None:
        return element
    return beam.Row(**{name: as_unicode(value) for name, value in fields.items()})
