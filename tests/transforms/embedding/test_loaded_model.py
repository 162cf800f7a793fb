"""The batches of several parts on one engine."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from transforms import metrics
from transforms.embedding.loaded_model import LoadedModel

_SECONDS = 60


class OneAtATime:
    parallel = 1


def run_part(model: LoadedModel, run: object, batches: object) -> list[int]:
    return list(model.run_all(run, batches, metrics.Stopwatch(), on_batch=lambda _: None))


def submitting(numbers: Iterable[int], events: Mapping[int, threading.Event]) -> Iterator:
    """Yield batches of one number, and set the event of a number once its batch is submitted."""
    for number in numbers:
        yield np.array([number])
        if number in events:
            events[number].set()


def test_batches_of_the_earliest_part_come_first() -> None:
    model = LoadedModel(OneAtATime())
    order: list[int] = []
    running, later_waits, all_submitted = (threading.Event() for _ in range(3))
    # The last batch of the first part is submitted after those of the later part.
    waits = {0: later_waits, 2: all_submitted}

    def run(batch: np.ndarray) -> int:
        (number,) = batch.tolist()
        order.append(number)
        running.set()
        assert number not in waits or waits[number].wait(_SECONDS)
        return number

    with ThreadPoolExecutor() as threads:
        first = threads.submit(run_part, model, run, submitting(range(4), {3: all_submitted}))
        assert running.wait(_SECONDS)
        later = run_part(model, run, submitting(range(10, 13), {11: later_waits}))
    assert order == [0, 1, 2, 3, 10, 11, 12]
    assert (first.result(), later) == ([0, 1, 2, 3], [10, 11, 12])


def test_an_error_of_a_batch_reaches_its_part_and_no_other() -> None:
    model = LoadedModel(OneAtATime())

    def run(batch: np.ndarray) -> int:
        if batch[0] == 1:
            raise MemoryError("no memory")
        return int(batch[0])

    batches = [np.array([number]) for number in range(3)]
    with pytest.raises(MemoryError, match="no memory"):
        run_part(model, run, batches)
    assert run_part(model, run, batches[::2]) == [0, 2]
