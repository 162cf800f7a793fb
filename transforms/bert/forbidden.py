"""Operations that no BERT needs, and that reach out of the graph they stand in.

A SavedModel is a program: TensorFlow runs what stands in it with the rights of the process
(https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md). Nothing here makes a hostile
module safe; it keeps out those that read, write, or call by an operation made for that.
"""

import re
from collections.abc import Iterator
from typing import Any

# Saving and restoring variables, in every SavedModel, is let through: SaveV2, RestoreV2,
# MergeV2Checkpoints and ShardedFilename.
_FORBIDDEN = re.compile(
    r"PyFunc|Dataset|Reader|Summary|Snapshot|FromTextFile|Rpc|DistributedSave|ExternalCall"
    r"|^(Read|Write)File$|^MatchingFiles$|^Print|^Debug|^Save$|^SaveSlices$|^Restore$"
    r"|^RestoreSlice$|^_?(Host)?(Send|Recv)$|^RecordInput$|^LoadAndRemapMatrix$"
    r"|^GenerateVocabRemapping$|^FixedUnigramCandidateSampler$|^FileSystemSetConfiguration$"
)


def check_operations(saved_model: Any, path: object) -> None:
    """Refuse a SavedModel proto with an operation that reads or writes files, talks, or calls.

    Raises:
        ValueError: it has one; the message names it.
    """
    for operation in _operations(saved_model):
        if _FORBIDDEN.search(operation):
            raise ValueError(
                f"{path}: its graph has the operation {operation}, which a BERT has no use for and "
                "which reaches out of it: it is not run"
            )


def _operations(saved_model: Any) -> Iterator[str]:
    """Name the operations of all graphs and of all functions that they may call."""
    for meta_graph in saved_model.meta_graphs:
        graph = meta_graph.graph_def
        yield from {node.op for node in graph.node}
        yield from {node.op for function in graph.library.function for node in function.node_def}
