"""A loaded model: its engine, and the threads that run the batches of all parts of a process."""

import collections
import functools
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from transforms import metrics
from transforms.batching.bisection import Outcome
from transforms.bert.engines import Engine

_LOG = logging.getLogger(__name__)
# XLA takes seconds to compile a shape, and running it takes the device's memory for one batch.
_COMPILED_AT_ONCE = 4
# The result of a batch, and the seconds that it took.
_Timed = tuple[Outcome, float]


class LoadedModel:
    """An engine, and the threads that run the batches of all parts: the earliest part comes first.

    If parts took turns, they would all end at about the same time, and begin again together: then
    either all of them are tokenized, and the engine has nothing to do, or all wait for the engine.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reported_shapes = 0
        self._reporting = threading.Lock()
        self._threads = ThreadPoolExecutor(engine.parallel, "encode")
        self._parts, self._numbers = itertools.count(), itertools.count()
        self._waiting: queue.PriorityQueue[tuple[int, int, Callable[[], object]]]
        self._waiting = queue.PriorityQueue()

    def run_all(
        self,
        run: Callable[[np.ndarray], Outcome],
        batches: list[np.ndarray],
        watch: metrics.Stopwatch,
        on_batch: Callable[[int], object],
    ) -> Iterator[Outcome]:
        """Run batches, as many at once as the engine supports, and yield the results in order.

        Args:
            run: runs a batch.
            batches: indices of windows.
            watch: gets the time in which none of these batches ran, as waiting.
            on_batch: called with the duration of each batch in microseconds.
        """
        started, busy = time.perf_counter(), 0.0
        for outcome, seconds in self._run_in_order(run, batches):
            busy += seconds
            on_batch(round(seconds * 1e6))
            yield outcome
        elapsed = time.perf_counter() - started
        watch.add(metrics.WAIT_SECONDS, max(0.0, elapsed - busy / self.engine.parallel))

    def _run_in_order(
        self, run: Callable[[np.ndarray], Outcome], batches: list[np.ndarray]
    ) -> Iterator[_Timed]:
        part = next(self._parts)
        pending: collections.deque[Future[_Timed]] = collections.deque()
        for batch in batches:
            pending.append(self._submit(part, run, batch))
            # Few at a time, so that an interrupted process has little to finish.
            if len(pending) > 2 * self.engine.parallel:
                yield pending.popleft().result()
        for future in pending:
            yield future.result()

    def _submit(
        self, part: int, run: Callable[[np.ndarray], Outcome], batch: np.ndarray
    ) -> Future[_Timed]:
        """Let a thread run a batch after those of earlier parts that wait."""
        result: Future[_Timed] = Future()
        compute = functools.partial(_run_timed, run, batch, result)
        self._waiting.put((part, next(self._numbers), compute))
        # The thread may run another batch: there is one call for each that waits.
        self._threads.submit(self._run_earliest)
        return result

    def _run_earliest(self) -> None:
        _, _, compute = self._waiting.get_nowait()
        compute()

    def count_new_shapes(self) -> int:
        """Return how many shapes were compiled since the last call."""
        with self._reporting:
            before, self._reported_shapes = self._reported_shapes, self.engine.compiled
            return self._reported_shapes - before


def _run_timed(
    run: Callable[[np.ndarray], Outcome], batch: np.ndarray, result: Future[_Timed]
) -> None:
    started = time.perf_counter()
    try:
        outcome = run(batch)
    except BaseException as error:
        result.set_exception(error)
    else:
        result.set_result((outcome, time.perf_counter() - started))


def warm_up(engine: Engine, shapes: Iterable[tuple[int, int]]) -> None:
    """Run a batch of each shape `[rows, width]`, so that all shapes are compiled.

    Several are compiled at once, each on one core. A shape that fails, for example for lack of
    memory, is tried again alone. If it fails again, a batch of documents with this shape will be
    bisected.
    """
    shapes = list(shapes)
    with ThreadPoolExecutor(_COMPILED_AT_ONCE, "warm_up") as threads:
        errors = list(threads.map(functools.partial(_try_shape, engine), shapes))
    for shape in (shape for shape, error in zip(shapes, errors, strict=True) if error):
        if error := _try_shape(engine, shape):
            _LOG.warning("A batch of shape %s fails: %s", list(shape), error)


def _try_shape(engine: Engine, shape: tuple[int, int]) -> Exception | None:
    zeros = np.zeros(shape, np.int32)
    try:
        engine.run(zeros, zeros + 1, zeros)
    except Exception as error:
        return error
    return None
