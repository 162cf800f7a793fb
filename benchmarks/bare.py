"""Measure the engine alone, in a loop over the batches of a job.

    python -m benchmarks.bare --input FILE --features mean

prepares every batch of the corpus in memory, padded, then runs the engine on them, on its preferred
number of threads, and prints one line of JSON. Other benchmarks run it as a separate process.
"""

import argparse
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import jobs, processes
from pipeline.console import quiet

if TYPE_CHECKING:
    from transforms.bert.module import BertModule

_Arguments = tuple[np.ndarray, np.ndarray, np.ndarray]


def main() -> None:
    """Measure, and print a line of JSON."""
    quiet.import_tensorflow()
    from pipeline.options import conversion
    from transforms.bert import loading, module
    from transforms.checkpoints import imported_models

    arguments = jobs.parser(__doc__).parse_args()
    config = conversion.embed_config(vars(arguments))
    inspected = module.inspect(imported_models.resolve(arguments.model))
    engine = loading.load(inspected, inspected.outputs(config.features), config.compute)
    batches = list(_batches(arguments, inspected))
    with ThreadPoolExecutor(engine.parallel) as threads:
        list(threads.map(lambda batch: engine.run(*batch), batches[:6]))
        started = time.perf_counter()
        list(threads.map(lambda batch: engine.run(*batch), batches))
        seconds = time.perf_counter() - started
    lengths = [length for _, mask, _ in batches for length in mask.sum(axis=1).tolist()]
    result = {
        "seconds": seconds,
        "documents": len(lengths),
        "tokens": sum(lengths),
        "squares": sum(length**2 for length in lengths),
        "padded_tokens": sum(ids.size for ids, _, _ in batches),
        "peak_mb": processes.peak_mb(),
    }
    print(json.dumps(result))


def _batches(arguments: argparse.Namespace, inspected: "BertModule") -> Iterator[_Arguments]:
    """Yield the arguments of the engine for each batch of a job, part after part."""
    import tensorflow as tf

    from pipeline import graphs
    from pipeline.inputs import plan
    from pipeline.options import conversion
    from transforms.batching.batches import pad_batch
    from transforms.batching.windows import cut_windows
    from transforms.documents import REASON, TEXT
    from transforms.features import INPUT_IDS
    from transforms.groups.read_split import read_split
    from transforms.io import storage
    from transforms.wordpiece.preprocessing import model_inputs

    config = conversion.embed_config(vars(arguments))
    vocabulary = inspected.vocabulary
    inputs = model_inputs(graphs.wordpiece_config(config, inspected), vocabulary)
    for split in plan.make_plan(config.input):
        stream = storage.open_for_reading(split.source.path)
        for part in read_split(split, stream, config.input.read, ""):
            text = part.filter(part.column(REASON).is_null()).column(TEXT).to_pylist()
            ids = inputs({TEXT: tf.constant(text, tf.string)})[INPUT_IDS]
            windows = cut_windows(ids.row_splits.numpy(), config.windows)
            flat = ids.flat_values.numpy()
            for numbers in config.batching.plan(windows.lengths):
                batch = pad_batch(windows, numbers)
                segments = np.zeros(batch.mask.shape, np.int32)
                yield batch.pad(flat, vocabulary.pad_id), batch.mask.astype(np.int32), segments


if __name__ == "__main__":
    main()
