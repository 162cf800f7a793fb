from pathlib import Path

import numpy as np
import pytest

from tests.conftest import make_checkpoint
from transforms.bert import importing, module
from transforms.bert.checkpoints import Checkpoint
from transforms.bert.module import BertModule
from transforms.bert.shape import variable_shapes
from transforms.bert.variables import google_names, read_variables

# As the TensorFlow model garden's encoder names its variables, one of each kind.
MODEL_GARDEN = {
    "word_embeddings/embeddings": "bert/embeddings/word_embeddings",
    "position_embedding/embeddings": "bert/embeddings/position_embeddings",
    "type_embeddings/embeddings": "bert/embeddings/token_type_embeddings",
    "embeddings/layer_norm/gamma": "bert/embeddings/LayerNorm/gamma",
    "transformer/layer_1/self_attention/query/kernel": (
        "bert/encoder/layer_1/attention/self/query/kernel"
    ),
    "transformer/layer_1/self_attention/attention_output/bias": (
        "bert/encoder/layer_1/attention/output/dense/bias"
    ),
    "transformer/layer_1/self_attention_layer_norm/beta": (
        "bert/encoder/layer_1/attention/output/LayerNorm/beta"
    ),
    "transformer/layer_1/intermediate/kernel": "bert/encoder/layer_1/intermediate/dense/kernel",
    "transformer/layer_1/output/bias": "bert/encoder/layer_1/output/dense/bias",
    "transformer/layer_1/output_layer_norm/gamma": "bert/encoder/layer_1/output/LayerNorm/gamma",
    "pooler_transform/kernel": "bert/pooler/dense/kernel",
}


def test_the_names_of_the_model_garden_are_known() -> None:
    assert google_names({name: name for name in MODEL_GARDEN}) == {
        google: name for name, google in MODEL_GARDEN.items()
    }


def test_variables_outside_the_encoder_are_dropped() -> None:
    others = ["do_lower_case", "cls/predictions/output_bias", "transformer/layer_1/other/kernel"]
    assert google_names({name: name for name in others}) == {}


def test_the_weights_of_a_module_are_those_of_its_checkpoint(
    tiny_module: BertModule, tiny_checkpoint: Checkpoint
) -> None:
    variables = read_variables(tiny_module.path, tiny_module.shape)
    assert variables is not None
    assert variables.keys() == variable_shapes(tiny_module.shape).keys()
    for name, array in tiny_checkpoint.variables.items():
        np.testing.assert_array_equal(variables[name], array)


@pytest.mark.parametrize("shape", [{"layers": 3}, {"positions": 31}])
def test_weights_of_other_sizes_are_not_read(tmp_path: Path, shape: dict[str, int]) -> None:
    importing.write_module(make_checkpoint(), tmp_path / "module")
    inspected = module.inspect(tmp_path / "module")
    sizes = {**vars(inspected.shape), **shape}
    assert read_variables(tmp_path / "module", type(inspected.shape)(**sizes)) is None
