"""Check a batch against the tables of a model, before anything is looked up in them.

Engines differ in what they return for a row that a table does not have: OpenVINO returns finite
vectors, TensorFlow raises an error on a CPU and returns zeros on a GPU.
"""

import numpy as np

from transforms.bert.shape import BertShape


def check_inputs(shape: BertShape, input_ids: np.ndarray, segment_ids: np.ndarray) -> None:
    """Check that every lookup of a batch is within its table.

    Args:
        shape: sizes of the model.
        input_ids: int32 [batch, sequence].
        segment_ids: int32 [batch, sequence].

    Raises:
        ValueError: an id, a segment or a position is not a row of its table.
    """
    _check_rows("input_ids", input_ids, shape.vocab_size)
    _check_rows("segment_ids", segment_ids, shape.segments)
    if input_ids.shape[1] > shape.positions:
        raise ValueError(
            f"an input has {input_ids.shape[1]} positions, the model has {shape.positions}"
        )


def _check_rows(name: str, rows: np.ndarray, size: int) -> None:
    if not rows.size:
        return
    for row in (int(rows.min()), int(rows.max())):
        if not 0 <= row < size:
            raise ValueError(f"{name} has {row}, the model has rows 0 to {size - 1}")
