"""The Beam transforms: the four stages of a job, and steps for other pipelines.

    from transforms import BertEmbeddings, BertModelHandler

Each name is imported on first use: the package itself imports neither Beam nor TensorFlow.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transforms.batching.batches import BatchingConfig
    from transforms.batching.windows import WindowConfig
    from transforms.bert.compute import ComputeConfig
    from transforms.bert.wordpiece_rules import WordpieceRules
    from transforms.documents import Source, Split
    from transforms.elements.bert_embeddings import BertEmbeddings, EmbeddedElements
    from transforms.elements.embedder import Rejected
    from transforms.elements.hub_embeddings import BertHubEmbeddings
    from transforms.elements.model_handler import BertModelHandler
    from transforms.embedding.embed import EmbeddingConfig
    from transforms.encode import EncodeConfig, EncodeParts
    from transforms.read import ReadParts
    from transforms.records.postprocess import Shaping
    from transforms.records.record_config import RecordConfig
    from transforms.rows.text_rows import TextRows
    from transforms.sources.base import ReadConfig
    from transforms.steps.analyze import AnalyzeParts
    from transforms.tokenize import TokenizeParts
    from transforms.wordpiece.preprocessing import WordpieceConfig
    from transforms.write import WriteParts

__version__ = "0.2.0"

__all__ = [
    "AnalyzeParts",
    "BatchingConfig",
    "BertEmbeddings",
    "BertHubEmbeddings",
    "BertModelHandler",
    "ComputeConfig",
    "EmbeddedElements",
    "EmbeddingConfig",
    "EncodeConfig",
    "EncodeParts",
    "ReadConfig",
    "ReadParts",
    "RecordConfig",
    "Rejected",
    "Shaping",
    "Source",
    "Split",
    "TextRows",
    "TokenizeParts",
    "WindowConfig",
    "WordpieceConfig",
    "WordpieceRules",
    "WriteParts",
]

_MODULES = {
    "AnalyzeParts": "transforms.steps.analyze",
    "BatchingConfig": "transforms.batching.batches",
    "BertEmbeddings": "transforms.elements.bert_embeddings",
    "BertHubEmbeddings": "transforms.elements.hub_embeddings",
    "BertModelHandler": "transforms.elements.model_handler",
    "ComputeConfig": "transforms.bert.compute",
    "EmbeddedElements": "transforms.elements.bert_embeddings",
    "EmbeddingConfig": "transforms.embedding.embed",
    "EncodeConfig": "transforms.encode",
    "EncodeParts": "transforms.encode",
    "ReadConfig": "transforms.sources.base",
    "ReadParts": "transforms.read",
    "RecordConfig": "transforms.records.record_config",
    "Rejected": "transforms.elements.embedder",
    "Shaping": "transforms.records.postprocess",
    "Source": "transforms.documents",
    "Split": "transforms.documents",
    "TextRows": "transforms.rows.text_rows",
    "TokenizeParts": "transforms.tokenize",
    "WindowConfig": "transforms.batching.windows",
    "WordpieceConfig": "transforms.wordpiece.preprocessing",
    "WordpieceRules": "transforms.bert.wordpiece_rules",
    "WriteParts": "transforms.write",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_MODULES[name]), name)
