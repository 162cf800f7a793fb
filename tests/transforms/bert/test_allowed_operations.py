import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers some of the operations)
from tensorflow.python.framework import op_def_registry

from transforms.bert.allowed_operations import COMPUTING, RESTORING, SAVING

# Only stateful operations can have effects. These read or write variables of the model or random
# numbers, call functions, or stop the run.
STATEFUL = {
    *("Case", "If", "While", "StatefulPartitionedCall", "Assert", "CheckNumerics"),
    *("VarHandleOp", "VarIsInitializedOp", "ReadVariableOp", "DisableCopyOnRead", "VariableShape"),
    *("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"),
    *("ResourceGather", "ResourceGatherNd", "Variable", "VariableV2"),
    *("RandomUniform", "RandomUniformInt", "RandomStandardNormal", "RandomShuffle"),
    *("TruncatedNormal", "StatelessRandomGetAlg", "RngReadAndSkip", "StatefulUniform"),
}


def test_every_allowed_operation_exists_in_tensorflow() -> None:
    assert tf.version.VERSION
    assert {name for name in COMPUTING if op_def_registry.get(name) is None} == set()
    assert not COMPUTING & (SAVING | RESTORING)


def test_only_the_expected_stateful_operations_are_allowed() -> None:
    stateful = {name for name in COMPUTING if op_def_registry.get(name).is_stateful}
    assert stateful == STATEFUL


def test_no_allowed_operation_takes_a_file_name() -> None:
    for name in COMPUTING - {"ShardedFilename"}:
        definition = op_def_registry.get(name)
        parts = {part.name for part in (*definition.input_arg, *definition.attr)}
        assert not parts & {"filename", "path", "contents", "debug_urls", "descriptor_source"}, name
