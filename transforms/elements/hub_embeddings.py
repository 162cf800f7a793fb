"""BertHubEmbeddings: BERT in Beam's MLTransform.

Source: https://beam.apache.org/documentation/ml/preprocess-data/
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler
from apache_beam.ml.rag.embeddings.base import create_text_adapter
from apache_beam.ml.transforms.base import EmbeddingsManager, EmbeddingTypeAdapter

from transforms.elements.bert_embeddings import config_for_model, to_features
from transforms.elements.embed_columns import EmbedColumns
from transforms.elements.embed_elements import check_latency
from transforms.elements.text_config import TextConfig
from transforms.elements.vector_handler import VectorHandler


class BertHubEmbeddings(EmbeddingsManager):
    """Replace columns of texts by BERT's vectors in `MLTransform`, or embed `Chunk`s.

        MLTransform(write_artifact_location=folder).with_transform(
            BertHubEmbeddings(columns=["title", "body"], model="minilm")
        )

    The vectors, and the speed, are those of `BertEmbeddings`. In dicts and rows a list of floats
    replaces the text of each column, as with Beam's own embeddings. Without `columns`, elements are
    `EmbeddableItem`s (`Chunk`s) of apache_beam.ml.rag, of which copies get a dense embedding.

    An element that cannot be embedded fails the pipeline; MLTransform's `with_exception_handling`
    gives it a second output. `MLTransform(read_artifact_location=folder)` embeds as the saved step
    did, and refuses another model of the same name.
    """

    def __init__(
        self,
        *,
        columns: Sequence[str] | None = None,
        model: str = "minilm",
        features: str | Sequence[str] = "mean",
        type_adapter: EmbeddingTypeAdapter[Any, Any] | None = None,
        max_latency_seconds: float | None = None,
        **settings: Any,
    ) -> None:
        """Configure the transform.

        Args:
            columns: the fields of texts; None for items, or for a `type_adapter`.
            model: see `BertEmbeddings`.
            features: the one feature to compute, of documents.
            type_adapter: reads texts from elements of another kind, and adds vectors to them.
            max_latency_seconds: see `BertEmbeddings`.
            settings: the fields of `TextConfig`; a text field is not one of them.

        Raises:
            ValueError: a setting is invalid, or the model does not exist or does not support it.
            TypeError: there is no such setting.
        """
        _check_kind(columns, type_adapter, settings)
        config = TextConfig(features=to_features(features), **settings)
        config.check_one_vector()
        check_latency(max_latency_seconds)
        encode = config_for_model(model, config)
        names = None if columns is None else list(columns)
        adapter = type_adapter if columns is None else None
        super().__init__(columns=names, type_adapter=adapter or create_text_adapter())
        self._config, self._encode = config, encode
        self._embed = EmbedColumns(
            model=encode.model,
            model_sha256=encode.model_sha256,
            settings=_to_json(config),
            columns=names,
            type_adapter=adapter,
            max_latency_seconds=max_latency_seconds,
        ).with_encode(encode)

    def get_model_handler(self) -> ModelHandler[Any, Any, Any]:
        """Return a handler of texts, whose predictions are lists of floats."""
        return VectorHandler(self._config, self._encode)

    def get_ptransform_for_processing(self, **_: Any) -> beam.PTransform:
        """Return the step that MLTransform applies, and saves as an artifact."""
        return self._embed


def _check_kind(
    columns: Sequence[str] | None, type_adapter: object, settings: Mapping[str, Any]
) -> None:
    if columns is not None and type_adapter is not None:
        raise ValueError("`columns` and `type_adapter` exclude each other: give one of them")
    if isinstance(columns, str) or (columns is not None and not columns):
        raise ValueError(f"`columns` is {columns!r}: give a list of names, such as ['text']")
    taken = {"text_field", "text_b_field"} & set(settings)
    if taken:
        raise ValueError(f"`{min(taken)}` is for BertEmbeddings: give `columns`")


def _to_json(config: TextConfig) -> dict[str, Any]:
    return {**dataclasses.asdict(config), "features": list(config.features)}
