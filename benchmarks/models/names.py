"""Names of a BERT's variables in other programs, from Google's. Every environment imports this."""

import re

_HUGGING_FACE = (
    (r"^bert/", ""),
    (r"/LayerNorm/gamma$", "/LayerNorm/weight"),
    (r"/LayerNorm/beta$", "/LayerNorm/bias"),
    (r"/kernel$", "/weight"),
    (r"/layer_(\d+)/", r"/layer/\1/"),
    (r"_embeddings$", "_embeddings/weight"),
    ("/", "."),
)
# The longest endings first. A variable of the garden ends in one of these names.
_GARDEN = (
    (r"^bert/embeddings/word_embeddings$", "word_embeddings/embeddings"),
    (r"^bert/embeddings/position_embeddings$", "position_embedding/embeddings"),
    (r"^bert/embeddings/token_type_embeddings$", "type_embeddings/embeddings"),
    (r"^bert/embeddings/LayerNorm/", "embeddings/layer_norm/"),
    (r"^bert/embeddings_project/", "embedding_projection/"),
    (r"^bert/pooler/dense/", "pooler_transform/"),
    (r"^bert/encoder/(layer_\d+)/attention/self/", r"transformer/\1/self_attention/"),
    (
        r"^bert/encoder/(layer_\d+)/attention/output/dense/",
        r"transformer/\1/self_attention/attention_output/",
    ),
    (
        r"^bert/encoder/(layer_\d+)/attention/output/LayerNorm/",
        r"transformer/\1/self_attention_layer_norm/",
    ),
    (r"^bert/encoder/(layer_\d+)/intermediate/dense/", r"transformer/\1/intermediate/"),
    (r"^bert/encoder/(layer_\d+)/output/dense/", r"transformer/\1/output/"),
    (r"^bert/encoder/(layer_\d+)/output/LayerNorm/", r"transformer/\1/output_layer_norm/"),
)


def to_hugging_face(name: str) -> str:
    """Return the name in a BertModel of transformers.

    >>> to_hugging_face("bert/encoder/layer_0/attention/self/query/kernel")
    'encoder.layer.0.attention.self.query.weight'
    """
    for pattern, replacement in _HUGGING_FACE:
        name = re.sub(pattern, replacement, name)
    return name


def to_garden(name: str) -> str:
    """Return the end of the name in an encoder of the TensorFlow model garden.

    >>> to_garden("bert/encoder/layer_0/attention/output/dense/kernel")
    'transformer/layer_0/self_attention/attention_output/kernel'
    """
    for pattern, replacement in _GARDEN:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            return renamed
    raise ValueError(f"{name} is not a variable of a BERT")
