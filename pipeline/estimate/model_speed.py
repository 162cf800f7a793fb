"""Measure the speed of a model on this machine with batches of a sample."""

import itertools
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.estimate.tokenized_sample import MeasuredPart
from transforms.batching.batches import pad_batch
from transforms.bert.engines import Engine
from transforms.embedding.embed import EmbeddingConfig

MEASURED_SECONDS = 5.0
_COMPARED_SECONDS, _LEAST_ROUNDS, _COMPARED_WIDTH = 2.0, 3, 64


def measure_speed(
    parts: Sequence[MeasuredPart], engine: Engine, config: EmbeddingConfig
) -> float | None:
    """Run batches of all lengths for `MEASURED_SECONDS`.

    Returns:
        Positions per second, padding included; None if the sample has no batch.
    """
    batches = [(part, numbers) for part in parts for numbers in part.batches]
    batches.sort(key=lambda batch: int(batch[0].windows.lengths[batch[1][0]]))
    if not batches:
        return None
    # In this order any number of batches is spread evenly over all lengths.
    order = np.argsort(np.arange(len(batches)) * 0.6180339887 % 1)
    for place in order[:3]:
        _run(engine, batches[place], config)
    began = time.monotonic()

    def run_batches(first: int) -> int:
        positions = 0
        for number in itertools.count(first, engine.parallel):
            positions += _run(engine, batches[order[number % len(order)]], config)
            if time.monotonic() - began >= MEASURED_SECONDS:
                break
        return positions

    with ThreadPoolExecutor(engine.parallel) as threads:
        positions = sum(threads.map(run_batches, range(engine.parallel)))
    return positions / (time.monotonic() - began)


def relative_speed(exact: Engine, other: Engine, config: EmbeddingConfig) -> float:
    """Return how many times as fast as the first engine the other one runs a batch.

    They take turns, and the shortest times count: other programs of the machine slow both.
    """
    width = min(_COMPARED_WIDTH, config.windows.max_seq_length)
    ids = np.zeros([max(1, config.batching.tokens_per_batch // width), width], np.int32)
    shortest = [math.inf, math.inf]
    began = time.monotonic()
    for number in itertools.count():
        if number >= _LEAST_ROUNDS and time.monotonic() - began >= _COMPARED_SECONDS:
            break
        for place, engine in enumerate((exact, other)):
            started = time.perf_counter()
            engine.run(ids, ids + 1, ids)
            shortest[place] = min(shortest[place], time.perf_counter() - started)
    return shortest[0] / shortest[1]


def _run(engine: Engine, chosen: tuple[MeasuredPart, np.ndarray], config: EmbeddingConfig) -> int:
    """Run a batch and return its positions."""
    part, numbers = chosen
    batch = pad_batch(part.windows, numbers)
    engine.run(
        batch.pad(part.wordpieces.input_ids, config.pad_id),
        batch.mask.astype(np.int32),
        batch.pad(part.wordpieces.segment_ids, 0),
    )
    return batch.mask.size
