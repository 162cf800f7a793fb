from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.transforms.parts import save_transform
from transforms.bert import module
from transforms.bert.forbidden import check_operations
from transforms.bert.module import BertModule


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
def test_what_reaches_out_of_the_graph_is_refused_by_name(
    function: Callable, operation: str, tmp_path: Path
) -> None:
    hostile = tf.Module()
    hostile.call = tf.function(function, input_signature=[tf.TensorSpec([], tf.float32)])
    tf.saved_model.save(hostile, str(tmp_path))
    with pytest.raises(ValueError, match=f"has the operation {operation}, which a BERT"):
        check_operations(proto(tmp_path), tmp_path)
    with pytest.raises(ValueError, match=f"has the operation {operation}"):
        module.inspect(tmp_path)


def test_berts_and_transforms_are_let_through(
    tiny_path: Path, tiny_module: BertModule, minilm_path: Path, tmp_path: Path
) -> None:
    save_transform(tmp_path, tiny_module.vocabulary, ["the cat"], keep_tokens=True, pairs=True)
    for path in (tiny_path, minilm_path, tmp_path / "transform_fn"):
        check_operations(proto(path), path)
