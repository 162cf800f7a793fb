"""BertModelHandler: BERT in Beam's RunInference.

Source: https://beam.apache.org/documentation/ml/about-ml/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from transforms.elements.bert_embeddings import MOST_ELEMENTS, config_for_model, features_of
from transforms.elements.shared_embedder import SharedEmbedder, shared_embedder
from transforms.elements.text_config import TextConfig
from transforms.elements.text_embedder import Rejected
from transforms.metrics import NAMESPACE

_BYTES_A_CHARACTER = 4


class BertModelHandler(ModelHandler[Any, PredictionResult, SharedEmbedder]):
    """Embed examples by `RunInference(BertModelHandler(...))`.

    An example is a text, or a dict or row with a text among its fields. The inference of its
    PredictionResult is a dict: by feature float32 [hidden], of features of tokens [tokens, width];
    of an example without a sound text it is a `Rejected` of `reason` and `detail` instead, and the
    rest of its batch goes on. Within a batch texts of like length are computed together, whatever
    the batch's order. `KeyedModelHandler` and the like may stand around it.
    """

    def __init__(
        self, model: str = "minilm", features: Sequence[str] = ("mean",), **settings: Any
    ) -> None:
        """Configure; see `TextConfig` for the settings, and `BertEmbeddings`.

        Raises:
            ValueError: a setting means nothing, or there is no such model.
            TypeError: there is no such setting.
        """
        super().__init__()
        self._config = TextConfig(features=features_of(features), **settings)
        self._encode = config_for_model(model, self._config)

    def load_model(self) -> SharedEmbedder:
        """Give the model and tokenizer of this process, which `BertEmbeddings` has too."""
        return shared_embedder(self._config, self._encode)

    def run_inference(
        self,
        batch: Sequence[Any],
        model: SharedEmbedder,
        inference_args: Mapping[str, Any] | None = None,
    ) -> Iterable[PredictionResult]:
        """Embed a batch.

        Raises:
            ValueError: there are arguments; there is nothing that they could change.
        """
        if inference_args:
            raise ValueError("BertModelHandler takes no inference_args: set the handler up instead")
        found = model.embed(batch).vectors
        inferred: Iterable[dict[str, np.ndarray] | Rejected] = found
        return [
            PredictionResult(example, inference, self._encode.model_sha256)
            for example, inference in zip(batch, inferred, strict=True)
        ]

    def get_num_bytes(self, batch: Sequence[Any]) -> int:
        """Bound the bytes of a batch, for RunInference's metrics."""
        return sum(_BYTES_A_CHARACTER * len(str(example)) for example in batch)

    def get_metrics_namespace(self) -> str:
        """Name where RunInference's metrics stand."""
        return NAMESPACE

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """Tell how large batches may be."""
        return {"min_batch_size": 1, "max_batch_size": MOST_ELEMENTS}
