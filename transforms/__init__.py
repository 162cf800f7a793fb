"""What runs inside a Beam worker: read, tokenize, encode, write; and steps for other pipelines.

    from transforms import BertEmbeddings, BertModelHandler

Both are found when they are asked for: the package itself imports neither Beam nor TensorFlow.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.bert_embeddings import BertEmbeddings, EmbeddedElements
    from transforms.model_handler import BertModelHandler
    from transforms.text_embedder import Rejected

__all__ = ["BertEmbeddings", "BertModelHandler", "EmbeddedElements", "Rejected"]

_PLACES = {
    "BertModelHandler": "transforms.model_handler",
    "Rejected": "transforms.text_embedder",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES.get(name, "transforms.bert_embeddings")), name)
