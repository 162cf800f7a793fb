"""Find the windows on which a model fails, by halving the batches they stand in."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
        errors: of each window that fails alone, by its number.
        halved: how often a batch was halved.
    """

    errors: Mapping[int, Exception]
    halved: int = 0


def run_or_bisect(run: Callable[[np.ndarray], None], numbers: np.ndarray) -> Outcome:
    """Run a batch, and where that fails its halves, down to single windows.

    A batch too large for the memory comes through in halves; a window that no batch can hold, or
    that the model fails on, is found in as many steps as its batch can be halved.

    Args:
        run: computes the windows of some numbers, or raises; it may be called again with a part of
            them.
        numbers: int64 [batch], at least one.
    """
    try:
        run(numbers)
        return Outcome({})
    except Exception as error:
        if len(numbers) == 1:
            return Outcome({int(numbers[0]): error})
    middle = len(numbers) // 2
    one, other = run_or_bisect(run, numbers[:middle]), run_or_bisect(run, numbers[middle:])
    return Outcome({**one.errors, **other.errors}, 1 + one.halved + other.halved)
