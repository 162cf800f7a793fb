import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers some of the operations)
from tensorflow.python.framework import op_def_registry

from transforms.bert.allowed_operations import COMPUTING, RESTORING, SAVING

# Operations with a state are those that could do something. These hold a state of the model, or
# random numbers, or end the run.
OF_STATE = {
    *("Case", "If", "While", "StatefulPartitionedCall", "Assert", "CheckNumerics"),
    *("VarHandleOp", "VarIsInitializedOp", "ReadVariableOp", "DisableCopyOnRead", "VariableShape"),
    *("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"),
    *("ResourceGather", "ResourceGatherNd", "Variable", "VariableV2"),
    *("RandomUniform", "RandomUniformInt", "RandomStandardNormal", "RandomShuffle"),
    *("TruncatedNormal", "StatelessRandomGetAlg", "RngReadAndSkip", "StatefulUniform"),
}


def test_every_operation_that_is_let_through_is_one_of_tensorflows() -> None:
    assert tf.version.VERSION
    assert {name for name in COMPUTING if op_def_registry.get(name) is None} == set()
    assert not COMPUTING & (SAVING | RESTORING)


def test_of_those_with_a_state_only_the_expected_are_let_through() -> None:
    of_state = {name for name in COMPUTING if op_def_registry.get(name).is_stateful}
    assert of_state == OF_STATE


def test_no_operation_that_is_let_through_takes_the_name_of_a_file() -> None:
    for name in COMPUTING - {"ShardedFilename"}:
        definition = op_def_registry.get(name)
        told = {part.name for part in (*definition.input_arg, *definition.attr)}
        assert not told & {"filename", "path", "contents", "debug_urls", "descriptor_source"}, name
