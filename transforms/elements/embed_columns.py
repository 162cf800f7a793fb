"""The step of BertHubEmbeddings: it embeds columns, items or adapted elements."""

import copy
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
from apache_beam.ml.transforms.base import EmbeddingTypeAdapter

from transforms.elements.bert_embeddings import config_for_model
from transforms.elements.column_forms import Adapted, Items, TextColumns
from transforms.elements.element_forms import ElementForm
from transforms.elements.embed_elements import EmbedElements
from transforms.elements.text_config import TextConfig
from transforms.encode import EncodeConfig


class EmbedColumns(beam.PTransform):
    """The step of `BertHubEmbeddings`.

    MLTransform writes its attributes to attributes.json: they are JSON values, but for an adapter.
    """

    _encode: EncodeConfig | None = None

    def __init__(
        self,
        *,
        model: str,
        model_sha256: str,
        settings: Mapping[str, Any],
        columns: list[str] | None,
        type_adapter: EmbeddingTypeAdapter[Any, Any] | None,
        max_latency_seconds: float | None,
    ) -> None:
        super().__init__()
        self.model = model
        self.model_sha256 = model_sha256
        self.settings = dict(settings)
        self.columns = columns
        self.type_adapter = type_adapter
        self.max_latency_seconds = max_latency_seconds
        self.exception_handling: dict[str, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: another process inspects the model itself."""
        return {name: value for name, value in vars(self).items() if name != "_encode"}

    def with_encode(self, encode: EncodeConfig) -> "EmbedColumns":
        """Return a step that need not inspect the model again."""
        changed = copy.copy(self)
        changed._encode = encode
        return changed

    def with_exception_handling(self, **arguments: Any) -> "EmbedColumns":
        """Return a step with a second output; arguments are those of `Map`'s."""
        changed = copy.copy(self)
        changed._encode = self._encode
        changed.exception_handling = arguments
        return changed

    def expand(self, elements: beam.PCollection[Any]) -> Any:
        config = TextConfig(**{**self.settings, "features": tuple(self.settings["features"])})
        encode = self._encode or config_for_model(self.model, config)
        if encode.model_sha256 != self.model_sha256:
            raise ValueError(
                f"{self.model} is not the model that the artifacts were written with: its "
                f"fingerprint is {encode.model_sha256}, not {self.model_sha256}; write them again"
            )
        form = self._form()
        step = EmbedElements(config, encode, form, self.max_latency_seconds)
        both = elements | "EmbedElements" >> step
        embedded_type, _ = form.output_types(elements.element_type)
        if self.exception_handling is None:
            return both.embedded | "Embedded" >> beam.Map(_identity).with_output_types(
                embedded_type
            )
        return self._with_errors(both, embedded_type)

    def _form(self) -> ElementForm:
        fails = self.exception_handling is None
        if self.columns is not None:
            return TextColumns(fails, tuple(self.columns))
        return Items(fails) if self.type_adapter is None else Adapted(fails, self.type_adapter)

    def _with_errors(self, both: Any, embedded_type: Any) -> tuple[Any, Any]:
        """Return embedded elements, and those of errors in the form of Beam's own steps.

        A step of Beam raises and catches the errors, so that all of its arguments have their
        meaning, such as a `threshold`.
        """
        good = both.embedded | "Good" >> beam.Map(_without_error)
        bad = both.rejected | "Bad" >> beam.Map(_with_error)
        checked = beam.Map(_raise_error).with_output_types(embedded_type)
        embedded, failed = (
            (good, bad)
            | "Both" >> beam.Flatten()
            | "Check" >> checked.with_exception_handling(**(self.exception_handling or {}))
        )
        return embedded, failed | "Elements" >> beam.Map(_of_element)


def _identity(element: Any) -> Any:
    return element


def _without_error(element: Any) -> tuple[Any, str | None]:
    return element, None


def _with_error(rejected: Any) -> tuple[Any, str | None]:
    return rejected.element, f"{rejected.reason}: {rejected.detail}"


def _raise_error(element_and_error: tuple[Any, str | None]) -> Any:
    element, error = element_and_error
    if error is not None:
        raise ValueError(error)
    return element


def _of_element(failed: tuple[Any, Any]) -> tuple[Any, Any]:
    (element, _), error = failed
    return element, error
