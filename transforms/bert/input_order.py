"""Check which of a graph's unnamed inputs is which, by what its vectors depend on."""

from collections.abc import Callable

import numpy as np

from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded

# Changes of vectors that are rounding.
_ROUNDING = 1e-5

_RunBatch = Callable[[np.ndarray, np.ndarray, np.ndarray], Encoded[np.ndarray]]


def check_order(module: BertModule, run: _RunBatch) -> None:
    """Check that the documented order of ids, mask and segments is that of a graph.

    Vectors have to depend on ids and segments, and not on those of masked tokens.

    Args:
        module: the module.
        run: runs its graph with inputs in the documented order.

    Raises:
        ValueError: the vectors depend on something else.
    """
    length = min(8, module.positions)
    ids = np.full([1, length], module.vocabulary.cls_id, np.int32)
    mask = np.ones_like(ids)
    segments = np.zeros_like(ids)
    mask[:, length // 2 :] = 0
    other_ids, other_segments = ids.copy(), segments.copy()
    masked_ids, masked_segments = ids.copy(), segments.copy()
    other_ids[:, 1], masked_ids[:, -1] = module.vocabulary.sep_id, module.vocabulary.sep_id
    if module.shape.segments > 1:
        other_segments[:, 1], masked_segments[:, -1] = 1, 1
    expected = _tokens(run(ids, mask, segments), mask)
    has_to_differ = [(other_ids, segments)]
    has_to_differ += [(ids, other_segments)] * (module.shape.segments > 1)
    moved = [_difference(run(i, mask, s), mask, expected) for i, s in has_to_differ]
    still = _difference(run(masked_ids, mask, masked_segments), mask, expected)
    if min(moved) <= _ROUNDING or still > _ROUNDING:
        raise ValueError(
            f"`model` {module.path}: its call takes a list of unnamed inputs, and its vectors do "
            "not depend on them as on ids, mask and segments in this order"
        )


def _difference(encoded: Encoded[np.ndarray], mask: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(_tokens(encoded, mask) - expected).max())


def _tokens(encoded: Encoded[np.ndarray], mask: np.ndarray) -> np.ndarray:
    """Return the vectors of the tokens that are not masked."""
    tokens: np.ndarray = np.asarray(encoded.sequence)[mask.astype(bool)]
    return tokens
