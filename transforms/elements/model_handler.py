"""BertModelHandler: BERT in Beam's RunInference.

Source: https://beam.apache.org/documentation/ml/about-ml/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from transforms.elements.bert_embeddings import config_for_model, to_features
from transforms.elements.embed_elements import MAX_ELEMENTS
from transforms.elements.embedder import TextEmbedder, shared_embedder
from transforms.elements.text_config import TextConfig
from transforms.metrics import NAMESPACE

_MAX_BYTES_OF_CHARACTER = 4


class BertModelHandler(ModelHandler[Any, PredictionResult, TextEmbedder]):
    """Embed examples with `RunInference(BertModelHandler(...))`.

    An example is a text, or a dict or row with a text among its fields. The inference of its
    PredictionResult is a dict: for each feature float32 [hidden], or [tokens, width] for features
    of tokens. For an example that cannot be embedded, it is a `Rejected` with `reason` and
    `detail`; the other examples of the batch are not affected. Texts of similar length in a batch
    are computed together. Wrappers such as `KeyedModelHandler` work.
    """

    def __init__(
        self, model: str = "minilm", features: Sequence[str] = ("mean",), **settings: Any
    ) -> None:
        """Configure the handler; see `BertEmbeddings` for the arguments.

        Raises:
            ValueError: a setting is invalid, or the model does not exist or does not support it.
            TypeError: there is no such setting.
        """
        super().__init__()
        self._config = TextConfig(features=to_features(features), **settings)
        self._encode = config_for_model(model, self._config)

    def load_model(self) -> TextEmbedder:
        """Return the embedder of this process, which it shares with `BertEmbeddings`."""
        return shared_embedder(self._config, self._encode)

    def run_inference(
        self,
        batch: Sequence[Any],
        model: TextEmbedder,
        inference_args: Mapping[str, Any] | None = None,
    ) -> Iterable[PredictionResult]:
        """Embed a batch.

        Raises:
            ValueError: there are arguments; none is supported.
        """
        if inference_args:
            raise ValueError("BertModelHandler takes no inference_args: configure the handler")
        return [
            PredictionResult(example, inference, self._encode.model_sha256)
            for example, inference in zip(batch, model.embed(batch).vectors, strict=True)
        ]

    def get_num_bytes(self, batch: Sequence[Any]) -> int:
        """Return an upper bound of a batch's size in bytes, for RunInference's metrics."""
        return sum(_MAX_BYTES_OF_CHARACTER * len(str(example)) for example in batch)

    def get_metrics_namespace(self) -> str:
        """Return the namespace of RunInference's metrics."""
        return NAMESPACE

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """Return the minimum and maximum batch size."""
        return {"min_batch_size": 1, "max_batch_size": MAX_ELEMENTS}
