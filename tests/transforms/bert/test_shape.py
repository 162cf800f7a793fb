import pytest

from transforms.bert.checkpoints import Checkpoint
from transforms.bert.encoder import variable_shapes
from transforms.bert.shape import BertShape, shape_of_variables


@pytest.mark.parametrize("scope", ["", "module/"])
def test_googles_variables_tell_every_size_but_heads(
    scope: str, tiny_checkpoint: Checkpoint
) -> None:
    expected = tiny_checkpoint.shape
    shapes = {scope + name: size for name, size in variable_shapes(expected).items()}
    assert shape_of_variables(shapes) == BertShape(2, None, 16, 32, 32, 24, 2)


def test_the_model_gardens_variables_tell_every_size() -> None:
    shapes = {
        "word_embeddings/embeddings": (100, 12),
        "position_embedding/embeddings": (64, 12),
        "type_embeddings/embeddings": (2, 12),
        "transformer/layer_0/intermediate/kernel": (12, 48),
        "transformer/layer_0/self_attention/query/kernel": (12, 3, 4),
        "transformer/layer_1/self_attention/query/kernel": (12, 3, 4),
    }
    assert shape_of_variables(shapes) == BertShape(2, 3, 12, 48, 64, 100, 2)


def test_other_variables_are_no_bert() -> None:
    assert shape_of_variables({"dense/kernel": (3, 4)}) is None
    assert shape_of_variables({}) is None


def test_heads_have_to_divide_the_hidden_size() -> None:
    with pytest.raises(ValueError, match="hidden size 16 does not divide by 3"):
        BertShape(1, 3, 16, 32, 32, 24, 2)
