"""Google's names of variables, from those that other programs give them.

TF1 modules have Google's names already, possibly after a scope; in ELECTRA `electra` stands for
`bert`. TF2 modules have the encoder of the TensorFlow model garden, whose converters of checkpoints
show how the names correspond (https://github.com/tensorflow/models). Its first encoder, of 2019,
had the scopes `embedding_postprocessor` and `encoder`.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")

_SCOPED = re.compile(r"(?:^|.*/)(?:bert|electra)/(.*)$")
_LAYER = r"(?:transformer|encoder)/layer_(\d+)"
# From the model garden's names to Google's; the first that matches applies.
_GARDEN_NAMES = tuple(
    (re.compile(rf"(?:^|.*/){pattern}$"), name)
    for pattern, name in (
        (r"word_embeddings/embeddings", "embeddings/word_embeddings"),
        (r"type_embeddings/embeddings", "embeddings/token_type_embeddings"),
        (r"embedding_postprocessor/type_embeddings", "embeddings/token_type_embeddings"),
        (r"position_embeddings?/embeddings", "embeddings/position_embeddings"),
        (r"embedding_postprocessor/position_embeddings", "embeddings/position_embeddings"),
        (r"(?:embeddings|embedding_postprocessor)/layer_norm/(\w+)", r"embeddings/LayerNorm/\1"),
        (r"embedding_projection/(\w+)", r"embeddings_project/\1"),
        (
            rf"{_LAYER}/self_attention/(query|key|value)/(\w+)",
            r"encoder/layer_\1/attention/self/\2/\3",
        ),
        (
            rf"{_LAYER}/self_attention[/_](?:attention_)?output/(\w+)",
            r"encoder/layer_\1/attention/output/dense/\2",
        ),
        (
            rf"{_LAYER}/self_attention_layer_norm/(\w+)",
            r"encoder/layer_\1/attention/output/LayerNorm/\2",
        ),
        (rf"{_LAYER}/intermediate/(\w+)", r"encoder/layer_\1/intermediate/dense/\2"),
        (rf"{_LAYER}/output/(\w+)", r"encoder/layer_\1/output/dense/\2"),
        (rf"{_LAYER}/output_layer_norm/(\w+)", r"encoder/layer_\1/output/LayerNorm/\2"),
        (r"pooler_transform/(\w+)", r"pooler/dense/\1"),
    )
)


def google_names(values: Mapping[str, Value]) -> dict[str, Value]:
    """Rename the keys that are known, and drop the others.

    >>> google_names({"transformer/layer_3/output/bias": "a", "module/bert/pooler/dense/bias": "b"})
    {'bert/encoder/layer_3/output/dense/bias': 'a', 'bert/pooler/dense/bias': 'b'}
    """
    renamed = {_google_name(name): value for name, value in values.items()}
    return {name: value for name, value in renamed.items() if name}


def _google_name(name: str) -> str:
    scoped = _SCOPED.match(name)
    if scoped:
        return f"bert/{scoped[1]}"
    matches = ((pattern.match(name), google) for pattern, google in _GARDEN_NAMES)
    return next((f"bert/{match.expand(google)}" for match, google in matches if match), "")
