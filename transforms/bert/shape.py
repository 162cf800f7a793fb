"""The sizes of a BERT, and the shapes of its variables: each can be computed from the other."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from transforms.bert.variable_names import google_names

_LAYER = re.compile(r"bert/encoder/layer_(\d+)/")
_FIRST_LAYER = "bert/encoder/layer_0"


@dataclasses.dataclass(frozen=True)
class BertShape:
    """Sizes of the encoder.

    Attributes:
        layers: transformer layers.
        heads: attention heads of a layer; None if the module does not show them.
        hidden_size: width of a token vector.
        intermediate_size: width inside the feed-forward block.
        positions: rows of the position table: the longest input.
        vocab_size: rows of the wordpiece table.
        segments: rows of the segment table.
        embedding_size: width of the three tables. If it is not the hidden size, a projection
            follows the tables (factorised embeddings); 0 stands for the hidden size.
        pooler: whether there is a pooler, which computes `pooled_output`.
    """

    layers: int
    heads: int | None
    hidden_size: int
    intermediate_size: int
    positions: int
    vocab_size: int
    segments: int
    embedding_size: int = 0
    pooler: bool = True

    def __post_init__(self) -> None:
        if not self.embedding_size:
            object.__setattr__(self, "embedding_size", self.hidden_size)
        if min(self.layers, self.hidden_size, self.positions, self.vocab_size, self.segments) < 1:
            raise ValueError(f"a BERT has no sizes of 0 or less: {self}")
        if self.heads is not None and self.heads < 1:
            raise ValueError(f"{self.heads} heads are no number of heads")
        if self.heads is not None and self.hidden_size % self.heads:
            raise ValueError(
                f"hidden size {self.hidden_size} is not divisible by {self.heads} heads"
            )


def shape_of_variables(shapes: Mapping[str, Sequence[int]]) -> BertShape | None:
    """Return the sizes of a BERT from the names and shapes of its variables.

    The heads are known if the kernels of queries have an axis for them, as the model garden's have.

    Args:
        shapes: shapes by variable name (without `:0`).

    Returns:
        None if the names are not those of a BERT that this program knows.
    """
    known = google_names(shapes)
    tables = [
        known.get(f"bert/embeddings/{table}_embeddings", ())
        for table in ("word", "position", "token_type")
    ]
    inner = known.get(f"{_FIRST_LAYER}/intermediate/dense/kernel", ())
    query = known.get(f"{_FIRST_LAYER}/attention/self/query/kernel", ())
    if any(len(shape) != 2 for shape in (*tables, inner)):
        return None
    words, positions, segments = tables
    return BertShape(
        layers=len({match[1] for name in known if (match := _LAYER.match(name))}),
        heads=query[1] if len(query) == 3 and query[1] * query[2] == inner[0] else None,
        hidden_size=inner[0],
        intermediate_size=inner[1],
        positions=positions[0],
        vocab_size=words[0],
        segments=segments[0],
        embedding_size=words[1],
        pooler="bert/pooler/dense/kernel" in known,
    )


def variable_shapes(shape: BertShape) -> dict[str, tuple[int, ...]]:
    """Return the shape of each variable of a BERT of these sizes, by Google's names."""
    wide, inner = shape.hidden_size, shape.intermediate_size
    shapes = _table_shapes(shape)
    for layer in range(shape.layers):
        scope = f"bert/encoder/layer_{layer}"
        for name in ("query", "key", "value"):
            shapes |= _dense_shapes(f"{scope}/attention/self/{name}", wide, wide)
        shapes |= _dense_shapes(f"{scope}/attention/output/dense", wide, wide)
        shapes |= _norm_shapes(f"{scope}/attention/output/LayerNorm", wide)
        shapes |= _dense_shapes(f"{scope}/intermediate/dense", wide, inner)
        shapes |= _dense_shapes(f"{scope}/output/dense", inner, wide)
        shapes |= _norm_shapes(f"{scope}/output/LayerNorm", wide)
    return shapes | (_dense_shapes("bert/pooler/dense", wide, wide) if shape.pooler else {})


def _table_shapes(shape: BertShape) -> dict[str, tuple[int, ...]]:
    narrow, wide = shape.embedding_size, shape.hidden_size
    return {
        "bert/embeddings/word_embeddings": (shape.vocab_size, narrow),
        "bert/embeddings/token_type_embeddings": (shape.segments, narrow),
        "bert/embeddings/position_embeddings": (shape.positions, narrow),
        **_norm_shapes("bert/embeddings/LayerNorm", narrow),
        **(_dense_shapes("bert/embeddings_project", narrow, wide) if narrow != wide else {}),
    }


def _dense_shapes(scope: str, rows: int, columns: int) -> dict[str, tuple[int, ...]]:
    return {f"{scope}/kernel": (rows, columns), f"{scope}/bias": (columns,)}


def _norm_shapes(scope: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{scope}/gamma": (width,), f"{scope}/beta": (width,)}
