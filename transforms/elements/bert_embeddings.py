"""BertEmbeddings: a step of any pipeline, in batch and in streaming."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.transforms.error_handling import ErrorHandler

from transforms.bert import loading, module
from transforms.checkpoints import imported_models, minilm
from transforms.elements.element_forms import NamedVectors
from transforms.elements.embed_elements import EmbedElements, check_latency
from transforms.elements.text_config import TextConfig
from transforms.encode import EncodeConfig
from transforms.features import split_features
from transforms.wordpiece.prompts import check_prompt


class EmbeddedElements(NamedTuple):
    """The outputs of `BertEmbeddings().with_exception_handling()`.

    Attributes:
        embedded: the elements, with vectors.
        rejected: rows of `element`, `reason` (a value of `rejects.Reason`) and `detail`, for the
            elements without vectors.
    """

    embedded: beam.PCollection[Any]
    rejected: beam.PCollection[Any]


class BertEmbeddings(beam.PTransform):
    """Add BERT's vectors to the elements of a collection.

    Texts become rows of `text` and the features; rows, NamedTuples and dataclasses become rows of
    their fields and the features, as lists of floats; dicts become dicts with float32 arrays; an
    `EmbeddableItem` (`Chunk`) of apache_beam.ml.rag stays one, with a dense embedding.
    Timestamps and windows stay. A text gets the vectors that `beam-bert embed` gives it.

    An element that cannot be embedded fails the pipeline, as in Beam's transforms, unless there is
    a second output for it:

        vectors = texts | BertEmbeddings(model="minilm", features=["mean"])
        embedded, rejected = texts | BertEmbeddings().with_exception_handling()

    Elements are batched within their bundle, or over bundles for up to `max_latency_seconds`. Each
    process loads one model.
    """

    def __init__(
        self,
        model: str = "minilm",
        features: Sequence[str] = ("mean",),
        *,
        max_latency_seconds: float | None = None,
        **settings: Any,
    ) -> None:
        """Configure the step.

        Args:
            model: a folder or an archive of a module or a checkpoint, a URL that TF Hub resolves,
                or `minilm`. Workers find it by
                the same name, and refuse another model of that name.
            features: what to compute, as a sequence or in one string, separated by commas.
            max_latency_seconds: how long an element of a stream may wait for others of its window,
                with which it is embedded; None embeds what a bundle has.
            settings: the fields of `TextConfig`.

        Raises:
            ValueError: a setting is invalid, or the model does not exist or does not support it.
            TypeError: there is no such setting.
        """
        super().__init__()
        self._config = TextConfig(features=to_features(features), **settings)
        check_latency(max_latency_seconds)
        self._max_latency_seconds = max_latency_seconds
        self._encode = config_for_model(model, self._config)
        self._has_rejected_output = False
        self._handler: ErrorHandler | None = None

    def with_exception_handling(self) -> "BertEmbeddings":
        """Return a step with a second output for rejected elements; see `EmbeddedElements`."""
        changed = copy.copy(self)
        changed._has_rejected_output = True
        return changed

    def with_error_handler(self, handler: ErrorHandler | None) -> "BertEmbeddings":
        """Return a step that sends rejected elements to Beam's error handler; None fails."""
        changed = copy.copy(self)
        changed._handler = handler
        return changed

    def expand(self, elements: beam.PCollection[Any]) -> Any:
        keeps_rejected = self._has_rejected_output or self._handler is not None
        form = NamedVectors(self._config, fails=not keeps_rejected)
        embedded_type, rejected_type = form.output_types(elements.element_type)
        step = EmbedElements(self._config, self._encode, form, self._max_latency_seconds)
        both = elements | "EmbedElements" >> step
        # Beam 2.77 does not pass the output of `finish_bundle` to a consumer that takes batches, as
        # that of WriteToJson does: a step that outputs single elements must be between them.
        embedded = both.embedded | "Embedded" >> beam.Map(_identity).with_output_types(
            embedded_type
        )
        if not keeps_rejected:
            return embedded
        rejected = both.rejected | "Rejected" >> beam.Map(_identity).with_output_types(
            rejected_type
        )
        if self._handler is not None:
            self._handler.add_error_pcollection(rejected)
        return EmbeddedElements(embedded, rejected) if self._has_rejected_output else embedded


def _identity(element: Any) -> Any:
    return element


def to_features(features: str | Sequence[str]) -> tuple[str, ...]:
    """Convert features, in one string or in a sequence, to a tuple."""
    return split_features(features) if isinstance(features, str) else tuple(features)


def config_for_model(model: str, config: TextConfig) -> EncodeConfig:
    """Inspect a model, and return the configuration by which workers load it.

    Raises:
        ValueError: the model does not exist or does not support the configuration, or the engine is
            not installed.
    """
    path = imported_models.resolve(model)
    config.compute.check_installed()
    inspected = module.inspect(path)
    inspected.check_length(config.max_seq_length)
    inspected.check_segments(pairs=config.read.pairs)
    inspected.check_features(config.features)
    prompt = inspected.prompt_of(config.prompt, config.features)
    check_prompt(
        inspected, prompt, config.max_seq_length, config.window_stride, config.special_tokens
    )
    _ = config.wordpieces(inspected)
    config.shaping.check_width(inspected.widths.smallest(config.features))
    loading.check(inspected, inspected.outputs(config.features), config.compute)
    # A name that is not a path on this machine stays, for workers to resolve on theirs.
    is_name = "://" in model or minilm.is_default(model)
    return EncodeConfig(
        model=model if is_name else str(Path(model).resolve()),
        model_sha256=inspected.fingerprint,
        embedding=config.embedding(inspected),
        compute=config.compute,
    )
