"""Embed texts with TensorFlow and the SavedModel."""

from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops of the tokenizer)

from transforms.bert.meta_graph import read_saved_model
from transforms.bert.savedmodel_check import check_operations
from transforms.features import NUM_TOKENS
from transforms.serving.query_settings import (
    Embed,
    QueryFiles,
    QuerySettings,
    Texts,
    check_not_empty,
)


def load(folder: Path, settings: QuerySettings, feature: str) -> Embed:
    """Return the function that embeds texts.

    Args:
        folder: of the model.
        settings: those of the folder.
        feature: to compute.

    Raises:
        ValueError: a file is damaged, or the model could do more than compute.
        OSError: a file cannot be read.
    """
    QueryFiles(folder, settings).check()
    check_operations(read_saved_model(folder), folder)
    saved = tf.saved_model.load(str(folder))
    # The model is kept because its signature alone does not keep it alive.
    serve = saved.signatures["serving_default"]

    def embed(texts: Texts, _model: object = saved) -> np.ndarray:
        inputs = zip(settings.texts, texts, strict=True)
        outputs = serve(**{name: tf.constant(list(column), tf.string) for name, column in inputs})
        check_not_empty((outputs[NUM_TOKENS].numpy() == 0).tolist())
        vectors: np.ndarray = outputs[feature].numpy()
        return vectors

    return embed
