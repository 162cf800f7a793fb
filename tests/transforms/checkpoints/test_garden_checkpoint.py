import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.transforms.checkpoints.checkpoint_files import configuration
from tests.transforms.checkpoints.garden_files import make_encoder, write_garden
from transforms.bert import variables
from transforms.bert.tensor_bundle import TensorBundle
from transforms.checkpoints import garden_checkpoint
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.checkpoints.checkpoint_folders import read_checkpoint

PARAMS = """
task:
  model:
    encoder:
      type: bert
      bert: {hidden_activation: gelu, dropout_rate: 0.2, num_layers: 2, vocab_size: 24}
runtime: {}
"""


@pytest.fixture
def folder(tmp_path: Path, tiny_checkpoint: Checkpoint) -> Path:
    """A folder with params.yaml."""
    folder = tmp_path / "uncased"
    folder.mkdir()
    write_garden(folder / "bert_model.ckpt-1", tiny_checkpoint)
    (folder / "vocab.txt").write_bytes(tiny_checkpoint.vocabulary)
    (folder / "params.yaml").write_text(PARAMS)
    return folder


def write_objects(folder: Path, **objects: Any) -> None:
    tf.train.Checkpoint(**objects).write(str(folder / "bert_model.ckpt-1"))


def params(old: str, new: str) -> Callable[[Path, Checkpoint], None]:
    return lambda folder, _: (folder / "params.yaml").write_text(PARAMS.replace(old, new)) and None


def assert_variables(read: Checkpoint, expected: Checkpoint) -> None:
    assert set(read.variables) == set(expected.variables)
    for name, array in expected.variables.items():
        np.testing.assert_array_equal(read.variables[name], array, err_msg=name)


def test_the_variables_sizes_and_settings_are_read(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    read = read_checkpoint(folder)
    assert_variables(read, tiny_checkpoint)
    assert read.shape == tiny_checkpoint.shape
    assert read.architecture.activation == "gelu_tanh"
    assert (read.dropout, read.rules.do_lower_case) == (0.2, True)
    assert read_checkpoint(folder, gelu="erf").architecture.activation == "gelu_erf"


def test_bert_config_json_has_the_settings_too(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    (folder / "params.yaml").unlink()
    config = configuration(tiny_checkpoint, hidden_act="relu", hidden_dropout_prob=0.3)
    (folder / "bert_config.json").write_text(json.dumps(config))
    read = read_checkpoint(folder)
    assert (read.architecture.activation, read.dropout) == ("relu", 0.3)
    config = configuration(tiny_checkpoint, num_attention_heads=8)
    (folder / "bert_config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="has num_attention_heads 8; the weights have 4"):
        read_checkpoint(folder)


def test_an_encoder_without_a_pooler_has_none(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    encoder = make_encoder(tiny_checkpoint)
    del encoder._pooler_layer
    write_objects(folder, model=encoder)
    read = read_checkpoint(folder)
    assert read.shape == dataclasses.replace(tiny_checkpoint.shape, pooler=False)
    assert "bert/pooler/dense/kernel" not in read.variables


def test_kernels_without_an_axis_for_heads_need_their_number(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    encoder = make_encoder(tiny_checkpoint)
    for layer in encoder._transformer_layers:
        query = layer._attention_layer._query_dense
        query.kernel = tf.Variable(tf.reshape(query.kernel, [16, 16]))
    write_objects(folder, encoder=encoder)
    with pytest.raises(ValueError, match="does not have 'num_attention_heads'"):
        read_checkpoint(folder)
    params("0.2", "0.2, num_attention_heads: 4")(folder, tiny_checkpoint)
    read = read_checkpoint(folder)
    assert read.shape == tiny_checkpoint.shape
    assert_variables(read, tiny_checkpoint)


def test_an_encoder_without_lists_of_layers_is_read_by_full_names(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    """As checkpoints of 2020 are."""
    whole = make_encoder(tiny_checkpoint)
    model = tf.Module()
    model.rest = {"a": whole._embedding_layer, "b": whole._position_embedding_layer}
    model.more = {"a": whole._type_embedding_layer, "b": whole._embedding_norm_layer}
    model.layers, model.pooler = whole._transformer_layers, whole._pooler_layer
    optimizer = tf.Module()
    name = "transformer/layer_0/self_attention/query/kernel"
    optimizer._variables = [tf.Variable(tf.zeros([16, 4, 4]), name=f"Adam/m/{name}")]
    write_objects(folder, model=model, optimizer=optimizer)
    assert_variables(read_checkpoint(folder), tiny_checkpoint)


def two_encoders(folder: Path, checkpoint: Checkpoint) -> None:
    write_objects(folder, query=make_encoder(checkpoint), document=make_encoder(checkpoint))


def no_encoder(folder: Path, _: Checkpoint) -> None:
    write_objects(folder, step=tf.Variable(1))


def lost_bias(folder: Path, checkpoint: Checkpoint) -> None:
    encoder = make_encoder(checkpoint)
    del encoder._transformer_layers[1]._output_dense.bias
    write_objects(folder, encoder=encoder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (two_encoders, "it has 2 encoders; only a checkpoint of one is read"),
        (no_encoder, "it has no encoder of the TensorFlow model garden that is known"),
        (lost_bias, "the weights lack bert/encoder/layer_1/output/dense/bias"),
        (params("type: bert", "type: albert"), "has an encoder of the type 'albert'; only bert"),
        (params("encoder", "decoder"), "has an encoder of the type None; only bert is read"),
        (params("vocab_size: 24", "vocab_size: 25"), "has vocab_size 25; the weights have 24"),
        (params("gelu", "mish"), "has the activation 'mish'; known are gelu, relu, tanh"),
        (params("gelu", "[1]"), r"has the activation \[1\]; known are"),
        (params("0.2", "0.2, norm_first: 1"), "has norm_first 1; it is true or false"),
        (params("0.2", ".nan"), "has hidden_dropout_prob nan"),
        (params("runtime", "runtime: &a {}\nother: *a\nmore"), r"it has a reference \(\*\)"),
        (params("runtime: {}", "runtime: " + "[" * 50_000), "cannot read params.yaml: "),
        (params("runtime: {}", "a: !!python/name:os.system"), "cannot read params.yaml: could not"),
        (params("runtime", "#" * 2**20 + "\nruntime"), "it has more than 1 MiB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(
    folder: Path,
    tiny_checkpoint: Checkpoint,
    spoil: Callable[[Path, Checkpoint], None],
    message: str,
) -> None:
    spoil(folder, tiny_checkpoint)
    with pytest.raises(ValueError, match=message) as caught:
        read_checkpoint(folder)
    assert str(caught.value).startswith(f"{folder}: ")
    assert "\n" not in str(caught.value)


def test_norm_first_is_read(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    params("0.2", "0.2, norm_first: true")(folder, tiny_checkpoint)
    assert read_checkpoint(folder).architecture.norm_first


def test_a_hostile_graph_of_objects_is_read_or_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = variables.read_object_graph(TensorBundle(folder / "bert_model.ckpt-1"))
    refused = 0
    for seed in range(100):
        chance = random.Random(seed)
        graph = type(sound).FromString(sound.SerializeToString())
        for _ in range(3):
            node = chance.choice([node for node in graph.nodes if node.children])
            child = chance.choice(node.children)
            child.node_id = chance.choice([-1, 0, chance.randrange(len(graph.nodes)), 2**31 - 1])
            child.local_name = chance.choice([child.local_name, "0", "\u0663", "9" * 99, ""])
        monkeypatch.setattr(garden_checkpoint, "read_object_graph", lambda _, graph=graph: graph)
        try:
            read_checkpoint(folder)
        except ValueError as error:
            assert str(error).startswith(f"{folder}: ")  # noqa: PT017
            refused += 1
    assert 0 < refused < 100
