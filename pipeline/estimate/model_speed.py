"""Measure the speed of a model on this machine with batches of a sample."""

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.estimate.tokenized_sample import MeasuredPart
from transforms.batching.batches import pad_batch
from transforms.bert.engines import Engine
from transforms.embedding.embed import EmbeddingConfig

MEASURED_SECONDS = 5.0


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
