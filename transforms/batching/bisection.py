"""Find the windows on which the model fails, by bisecting the batches that contain them."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The result of running a batch.

    Attributes:
        errors: the error of each window that fails alone, by the window's index.
        bisections: how many times a batch was bisected.
    """

    errors: Mapping[int, Exception]
    bisections: int = 0


def run_or_bisect(run: Callable[[np.ndarray], None], windows: np.ndarray) -> Outcome:
    """Run a batch; if it fails, run its halves, down to single windows.

    A batch that is too large for the memory succeeds in halves. A window on which the model fails,
    or that is too large alone, is isolated in log2(batch) steps.

    Args:
        run: computes the windows with the given indices, or raises; it may be called again with a
            part of them.
        windows: int64 [batch], indices of windows, at least one.
    """
    try:
        run(windows)
        return Outcome({})
    except Exception as error:
        if len(windows) == 1:
            return Outcome({int(windows[0]): error})
    middle = len(windows) // 2
    first, second = run_or_bisect(run, windows[:middle]), run_or_bisect(run, windows[middle:])
    return Outcome({**first.errors, **second.errors}, 1 + first.bisections + second.bisections)
