import pytest

from transforms.bert.shape import BertShape, shape_of_variables, variable_shapes
from transforms.checkpoints.checkpoint import Checkpoint

GARDEN = {
    "word_embeddings/embeddings": (100, 12),
    "position_embedding/embeddings": (64, 12),
    "type_embeddings/embeddings": (2, 12),
}


@pytest.mark.parametrize("scope", ["", "module/"])
def test_googles_variables_show_every_size_except_heads(
    scope: str, tiny_checkpoint: Checkpoint
) -> None:
    expected = tiny_checkpoint.shape
    shapes = {scope + name: size for name, size in variable_shapes(expected).items()}
    assert shape_of_variables(shapes) == BertShape(2, None, 16, 32, 32, 24, 2)


def test_the_model_gardens_variables_show_every_size() -> None:
    shapes = {
        "word_embeddings/embeddings": (100, 12),
        "position_embedding/embeddings": (64, 12),
        "type_embeddings/embeddings": (2, 12),
        "transformer/layer_0/intermediate/kernel": (12, 48),
        "transformer/layer_0/self_attention/query/kernel": (12, 3, 4),
        "transformer/layer_1/self_attention/query/kernel": (12, 3, 4),
        "pooler_transform/kernel": (12, 12),
    }
    assert shape_of_variables(shapes) == BertShape(2, 3, 12, 48, 64, 100, 2)


def test_the_hidden_size_is_that_of_the_layers() -> None:
    shapes = {
        "word_embeddings/embeddings": (100, 5),
        "position_embedding/embeddings": (64, 5),
        "type_embeddings/embeddings": (2, 5),
        "transformer/layer_0/intermediate/kernel": (12, 48),
    }
    expected = BertShape(1, None, 12, 48, 64, 100, 2, embedding_size=5, pooler=False)
    assert shape_of_variables(shapes) == expected


def test_other_variables_are_not_a_bert() -> None:
    assert shape_of_variables({"dense/kernel": (3, 4)}) is None
    assert shape_of_variables({}) is None


def test_heads_have_to_divide_the_hidden_size() -> None:
    with pytest.raises(ValueError, match="hidden size 16 is not divisible by 3"):
        BertShape(1, 3, 16, 32, 32, 24, 2)


def test_google_layers_are_counted_once_and_optimizer_slots_are_ignored() -> None:
    shapes = {
        "bert/embeddings/word_embeddings/adam_m": (7, 7),
        "bert/embeddings/word_embeddings": (100, 12),
        "bert/embeddings/position_embeddings": (64, 12),
        "bert/embeddings/token_type_embeddings": (2, 12),
    }
    for layer in range(12):
        shapes[f"bert/encoder/layer_{layer}/intermediate/dense/kernel"] = (12, 48)
        shapes[f"bert/encoder/layer_{layer}/output/dense/kernel"] = (48, 12)
    expected = BertShape(12, None, 12, 48, 64, 100, 2, pooler=False)
    assert shape_of_variables(shapes) == expected


@pytest.mark.parametrize("missing", ["word_emb", "position_emb", "token_type_emb", "intermediate"])
def test_incomplete_google_variables_are_not_a_bert(
    missing: str, tiny_checkpoint: Checkpoint
) -> None:
    every = variable_shapes(tiny_checkpoint.shape)
    shapes = {name: size for name, size in every.items() if missing not in name}
    assert len(shapes) < len(every)
    assert shape_of_variables(shapes) is None


@pytest.mark.parametrize("scope", ["", "bert_encoder/"])
@pytest.mark.parametrize(
    ("query", "heads"), [((12, 3, 4), 3), ((12, 12), None), ((12, 3, 5), None)]
)
def test_the_model_gardens_query_kernels_show_the_heads(
    scope: str, query: tuple[int, ...], heads: int | None
) -> None:
    shapes = {
        **GARDEN,
        "transformer/layer_0/intermediate/kernel": (12, 48),
        "transformer/layer_0/self_attention/query/kernel": query,
    }
    scoped = {scope + name: size for name, size in shapes.items()}
    shape = shape_of_variables(scoped)
    assert shape == BertShape(1, heads, 12, 48, 64, 100, 2, pooler=False)


@pytest.mark.parametrize("missing", GARDEN)
def test_incomplete_garden_variables_are_not_a_bert(missing: str) -> None:
    layer = {"transformer/layer_0/intermediate/kernel": (12, 48)}
    shapes = {name: size for name, size in GARDEN.items() if name != missing}
    assert shape_of_variables(shapes | layer) is None


def test_the_model_gardens_albert_is_not_a_bert() -> None:
    shapes = {
        **GARDEN,
        "embedding_projection/kernel": (12, 24),
        "transformer/intermediate/kernel": (24, 96),
        "transformer/self_attention/query/kernel": (24, 3, 8),
    }
    assert shape_of_variables(shapes) is None
