import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests import tf2_module
from tests.conftest import TINY_VOCABULARY
from tests.transforms.parts import save_transform
from transforms.bert import module
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.savedmodel_check import check_operations


def proto(path: Path) -> saved_model_pb2.SavedModel:
    return saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())


def write_file(x: tf.Tensor) -> tf.Tensor:
    tf.io.write_file("/tmp/beam-bert-was-here", "hello")
    return x


def read_file(x: tf.Tensor) -> tf.Tensor:
    return tf.strings.join([tf.strings.as_string(x), tf.io.read_file("/etc/passwd")])


def print_to_file(x: tf.Tensor) -> tf.Tensor:
    tf.print(x, output_stream="file:///tmp/beam-bert-was-here")
    return x


def list_files(x: tf.Tensor) -> tf.Tensor:
    return tf.strings.join([tf.strings.as_string(x), tf.io.matching_files("/etc/*")[0]])


def call_python(x: tf.Tensor) -> tf.Tensor:
    return tf.py_function(lambda y: y, [x], tf.float32)


def in_a_branch(x: tf.Tensor) -> tf.Tensor:
    return tf.cond(x > 0, lambda: write_file(x), lambda: x)


@pytest.mark.parametrize(
    ("function", "operation"),
    [
        (write_file, "WriteFile"),
        (read_file, "ReadFile"),
        (print_to_file, "PrintV2"),
        (list_files, "MatchingFiles"),
        (call_python, "EagerPyFunc"),
        (in_a_branch, "WriteFile"),
    ],
)
def test_an_operation_with_effects_is_refused_by_name(
    function: Callable, operation: str, tmp_path: Path
) -> None:
    hostile = tf.Module()
    hostile.call = tf.function(function, input_signature=[tf.TensorSpec([], tf.float32)])
    tf.saved_model.save(hostile, str(tmp_path))
    with pytest.raises(ValueError, match=f"has the operation {operation}, which a BERT"):
        check_operations(proto(tmp_path), tmp_path)
    with pytest.raises(ValueError, match=f"has the operation {operation}"):
        module.inspect(tmp_path)


@pytest.mark.slow
def test_berts_and_transforms_are_allowed(
    tiny_path: Path, tiny_module: BertModule, minilm_path: Path, tmp_path: Path
) -> None:
    save_transform(tmp_path, tiny_module.vocabulary, ["the cat"], keep_tokens=True, pairs=True)
    tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY)
    for path in (tiny_path, minilm_path, tmp_path / "transform_fn", tmp_path / "tf2"):
        check_operations(proto(path), path)


def test_a_function_named_like_an_operation_is_checked(tiny_path: Path) -> None:
    model = proto(tiny_path)
    for graph in model.meta_graphs:
        function = graph.graph_def.library.function.add()
        function.signature.name = "MatMul"
        function.node_def.add(name="read", op="ReadFile")
    with pytest.raises(ValueError, match="has the operation ReadFile"):
        check_operations(model, tiny_path)


@pytest.mark.parametrize(
    "operation",
    ["DecodeProtoV2", "XlaCustomCallV2", "InitializeTableFromTextFile", "NotOfThisTime"],
)
def test_operations_that_are_not_listed_are_refused(operation: str, tiny_path: Path) -> None:
    model = proto(tiny_path)
    model.meta_graphs[1].graph_def.node.add(name="more", op=operation)
    with pytest.raises(ValueError, match=f"has the operation {operation}"):
        check_operations(model, tiny_path)


def save_to(meta_graph: Any, path: Path) -> None:
    """Add a node `evil` that saves a tensor at any path, as the saver's node does."""
    for name, values in {"path": str(path), "names": ["x"], "slices": [""], "what": "x"}.items():
        node = meta_graph.graph_def.node.add(name=name, op="Const")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, tf.string))
        node.attr["dtype"].type = tf.string.as_datatype_enum
    node = meta_graph.graph_def.node.add(name="evil", op="SaveV2")
    node.input.extend(["path", "names", "slices", "what"])
    node.attr["dtypes"].list.type.append(tf.string.as_datatype_enum)


def node_of(meta_graph: Any, name: str) -> Any:
    return next(node for node in meta_graph.graph_def.node if node.name == name)


def in_the_signature(meta_graph: Any) -> None:
    output = meta_graph.signature_def["tokens"].outputs["pooled_output"].name
    node_of(meta_graph, output.split(":")[0]).input.append("^evil")


def in_another_signature(meta_graph: Any) -> None:
    meta_graph.signature_def["more"].outputs["path"].name = "save/Identity:0"


def while_restoring(meta_graph: Any) -> None:
    node_of(meta_graph, meta_graph.saver_def.restore_op_name).input.append("^evil")


def instead_of_restoring(meta_graph: Any) -> None:
    meta_graph.saver_def.restore_op_name = "evil"


def while_initializing(meta_graph: Any) -> None:
    meta_graph.graph_def.node.add(name="init", op="NoOp", input=["^evil"])
    meta_graph.collection_def["legacy_init_op"].node_list.value.append("init")


def as_a_variable(meta_graph: Any) -> None:
    variables = meta_graph.collection_def["variables"].bytes_list.value
    variables[0] = variables[0] + b"\x12\x04evil"


def in_a_function(meta_graph: Any) -> None:
    inner = meta_graph.graph_def.library.function.add()
    inner.signature.name = "inner"
    inner.node_def.add(name="save", op="SaveV2")
    outer = meta_graph.graph_def.library.function.add()
    outer.signature.name = "outer"
    outer.node_def.add(name="call", op="PartitionedCall").attr["f"].func.name = "inner"
    output = meta_graph.signature_def["tokens"].outputs["pooled_output"].name
    node_of(meta_graph, output.split(":")[0]).attr["g"].list.func.add(name="outer")


@pytest.mark.parametrize(
    "place",
    [
        in_the_signature,
        in_another_signature,
        while_restoring,
        instead_of_restoring,
        while_initializing,
        as_a_variable,
        in_a_function,
    ],
)
def test_only_the_saver_may_save_or_restore(
    place: Callable[[Any], None], tiny_path: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_path, tmp_path / "hostile")
    model = proto(tiny_path)
    for meta_graph in model.meta_graphs:
        save_to(meta_graph, tmp_path / "evil")
    check_operations(model, tiny_path)
    for meta_graph in model.meta_graphs:
        place(meta_graph)
    (tmp_path / "hostile/saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match="hostile: its graph saves or restores files outside Te"):
        ModuleEngine(module.inspect(tmp_path / "hostile"))
    assert not list(tmp_path.glob("evil*"))


def test_a_tf2_object_that_saves_is_refused(tmp_path: Path) -> None:
    class Hostile(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
        def __call__(self, what: tf.Tensor) -> tf.Tensor:
            tf.raw_ops.SaveV2(
                prefix=str(tmp_path / "evil"),
                tensor_names=["x"],
                shape_and_slices=[""],
                tensors=[what],
            )
            return what

    tf.saved_model.save(Hostile(), str(tmp_path / "hostile"))
    with pytest.raises(ValueError, match="saves or restores files outside TensorFlow's saver"):
        check_operations(proto(tmp_path / "hostile"), "hostile")
