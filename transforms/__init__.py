"""What runs inside a Beam worker: read, tokenize, encode, write; and steps for other pipelines.

    from transforms import BertEmbeddings, BertModelHandler

Both are found when they are asked for: the package itself imports neither Beam nor TensorFlow.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.elements.bert_embeddings import BertEmbeddings, EmbeddedElements
    from transforms.elements.model_handler import BertModelHandler
    from transforms.elements.text_embedder import Rejected

__all__ = ["BertEmbeddings", "BertModelHandler", "EmbeddedElements", "Rejected"]

_PLACES = {
    "BertModelHandler": "transforms.elements.model_handler",
    "Rejected": "transforms.elements.text_embedder",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(
        importlib.import_module(_PLACES.get(name, "transforms.elements.bert_embeddings")), name
    )
