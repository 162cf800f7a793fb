"""Find the windows on which a model fails, by halving the batches they stand in."""

from collections.abc import Callable

import numpy as np


def run_or_halve(run: Callable[[np.ndarray], None], numbers: np.ndarray) -> dict[int, Exception]:
    """Run a batch, and where that fails its halves, down to single windows.

    A batch too large for the memory comes through in halves; a window that no batch can hold, or
    that the model fails on, is found in as many steps as its batch can be halved.

    Args:
        run: computes the windows of some numbers, or raises; it may be called again with a part of
            them.
        numbers: int64 [batch], at least one.

    Returns:
        the error of each window that fails alone, by its number.
    """
    try:
        run(numbers)
        return {}
    except Exception as error:
        if len(numbers) == 1:
            return {int(numbers[0]): error}
    middle = len(numbers) // 2
    return run_or_halve(run, numbers[:middle]) | run_or_halve(run, numbers[middle:])
