"""Hold the whole job against a bare loop over the same batches.

    python -m benchmarks.throughput --input FILE --model minilm

runs both alternately, each time in a process of its own: the job as `beam-bert embed` does it, and
a loop that only calls the engine, with every batch padded and ready in memory. Prints documents/s,
wordpieces/s, padding and peak memory of each, and the ratio: what share of the engine's own speed
is left when reading, tokenizing, writing and Beam come to it. Both are counted past start-up.
"""

import argparse
import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import processes
from pipeline import flags, quiet


def main() -> None:
    """Measure, or be one of the measured processes."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    flags.add_embed_flags(parser)
    parser.set_defaults(output="unset")
    for action in parser._actions:
        action.required = action.required and action.dest != "output"
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run")
    parser.add_argument("--role", choices=("job", "bare"), default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role:
        measure = {"job": _job, "bare": _bare}[arguments.role]
        result = measure(arguments)
        result["peak_mb"] = processes.peak_mb()
        print(json.dumps(result))
        return
    rounds = [
        {role: _spawn(role) for role in (("job", "bare") if number % 2 else ("bare", "job"))}
        for number in range(arguments.rounds)
    ]
    _report(rounds)


def _spawn(role: str) -> dict[str, float]:
    result = processes.run("benchmarks.throughput", [*sys.argv[1:], "--role", role])
    print(f"  {role:4}  {result['tokens'] / result['seconds']:>9,.0f} tokens/s", flush=True)
    return result


def _report(rounds: list[dict[str, dict[str, float]]]) -> None:
    print(f"\n{'':6}{'documents/s':>12}{'tokens/s':>12}{'padding':>9}{'peak MB':>9}")
    for role in ("job", "bare"):
        runs = [result[role] for result in rounds]
        seconds = statistics.median(run["seconds"] for run in runs)
        padding = runs[0]["padded_tokens"] / runs[0]["tokens"] - 1
        peak = max(run["peak_mb"] for run in runs)
        documents, tokens = runs[0]["documents"] / seconds, runs[0]["tokens"] / seconds
        print(f"{role:6}{documents:>12,.0f}{tokens:>12,.0f}{padding:>9.1%}{peak:>9,.0f}")
    ratios = sorted(result["bare"]["seconds"] / result["job"]["seconds"] for result in rounds)
    middle = statistics.median(ratios)
    print(f"ratio job / bare: {middle:.3f} (from {ratios[0]:.3f} to {ratios[-1]:.3f})")


def _job(arguments: argparse.Namespace) -> dict[str, float]:
    from benchmarks import jobs
    from pipeline import options

    with tempfile.TemporaryDirectory() as folder:
        arguments.output = str(Path(folder) / "out")
        return dataclasses.asdict(jobs.measure(options.embed_config(arguments)))


def _bare(arguments: argparse.Namespace) -> dict[str, float]:
    quiet.import_tensorflow()
    from pipeline import options
    from transforms.bert import engines, minilm, module
    from transforms.bert.wanted import Wanted

    arguments.output = "unset"
    config = options.embed_config(arguments)
    inspected = module.inspect(minilm.resolve(arguments.model))
    engine = engines.load(inspected, Wanted.of(config.features), config.compute)
    batches = list(_batches(arguments, inspected))
    with ThreadPoolExecutor(engine.parallel) as threads:
        list(threads.map(lambda batch: engine.run(*batch), batches[:6]))
        started = time.perf_counter()
        list(threads.map(lambda batch: engine.run(*batch), batches))
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "documents": sum(len(ids) for ids, _, _ in batches),
        "tokens": int(sum(mask.sum() for _, mask, _ in batches)),
        "padded_tokens": sum(ids.size for ids, _, _ in batches),
    }


def _batches(arguments: argparse.Namespace, inspected: object) -> Iterator[tuple]:  # type: ignore[type-arg]
    """Give the job's own batches, part after part, as the engine takes them."""
    import numpy as np
    import tensorflow as tf

    from pipeline import graphs, options, plan
    from transforms import storage
    from transforms.batching import pad_batch, plan_batches
    from transforms.documents import REASON, TEXT
    from transforms.features import INPUT_IDS
    from transforms.preprocessing import model_inputs
    from transforms.read import read_split
    from transforms.windows import cut_windows

    arguments.output = "unused"
    config = options.embed_config(arguments)
    vocabulary = inspected.vocabulary  # type: ignore[attr-defined]
    inputs = model_inputs(graphs.wordpiece_config(config, inspected), vocabulary)  # type: ignore[arg-type]
    for split in plan.make_plan(config.input):
        stream = storage.open_for_reading(split.source.path)
        for part in read_split(split, stream, config.input.read, ""):
            text = part.filter(part.column(REASON).is_null()).column(TEXT).to_pylist()
            ids = inputs({TEXT: tf.constant(text, tf.string)})[INPUT_IDS]
            windows = cut_windows(ids.row_splits.numpy(), config.windows)
            flat = ids.flat_values.numpy()
            budget = config.batching.tokens_per_batch
            for numbers in plan_batches(windows.lengths, budget):
                batch = pad_batch(windows, numbers)
                segments = np.zeros(batch.mask.shape, np.int32)
                yield batch.pad(flat, vocabulary.pad_id), batch.mask.astype(np.int32), segments


if __name__ == "__main__":
    main()
