"""A model handler of texts whose predictions are lists of floats, as Beam's embeddings have."""

from collections.abc import Mapping, Sequence
from typing import Any

from apache_beam.ml.inference.base import ModelHandler

from transforms.elements.embed_elements import MAX_ELEMENTS
from transforms.elements.embedder import Rejected, TextEmbedder, shared_embedder
from transforms.elements.text_config import TextConfig
from transforms.encode import EncodeConfig
from transforms.metrics import NAMESPACE


class VectorHandler(ModelHandler[str, list[float], TextEmbedder]):
    """Embed texts, for code that takes the handler of an `EmbeddingsManager`."""

    def __init__(self, config: TextConfig, encode: EncodeConfig) -> None:
        super().__init__()
        self._config = config
        self._encode = encode

    def load_model(self) -> TextEmbedder:
        """Return the embedder of this process."""
        return shared_embedder(self._config, self._encode)

    def run_inference(
        self,
        batch: Sequence[str],
        model: TextEmbedder,
        inference_args: Mapping[str, Any] | None = None,
    ) -> list[list[float]]:
        """Embed a batch.

        Raises:
            ValueError: a text cannot be embedded, or there are arguments; none is supported.
        """
        if inference_args:
            raise ValueError("BertHubEmbeddings takes no inference_args: configure it")
        vectors = []
        for text, result in zip(batch, model.embed(batch).vectors, strict=True):
            if isinstance(result, Rejected):
                raise ValueError(f"{text!r:.80} cannot be embedded: {result.detail}")
            (vector,) = result.values()
            vectors.append(vector.tolist())
        return vectors

    def get_metrics_namespace(self) -> str:
        """Return the namespace of RunInference's metrics."""
        return NAMESPACE

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """Return the minimum and maximum batch size."""
        return {"min_batch_size": 1, "max_batch_size": MAX_ELEMENTS}
