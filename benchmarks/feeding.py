"""Measure the share of an accelerator's speed that a job keeps, with an engine that only waits.

    python -m benchmarks.feeding --speed 1600000 --cores 2 1

A stand-in engine runs one batch at a time and sleeps as long as an accelerator of that speed
(positions per second, padding included) would compute it. It needs no processor meanwhile, as a GPU
needs none. The rest of the job is real: reading, tokenizing, batching, copying, writing, Beam.
Batches are those of a GPU: 16,384 positions, 8 widths. The share is the time in which the engine
was computing, of the time from the first batch to the end of the last part.

It prints the share for each number of cores, and the seconds of a core that the job took for a
million wordpieces: cores that feed an accelerator are its speed times these seconds.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import jobs, machine, overhead, pages, processes, prose
from benchmarks.spread import Spread
from transforms.features import POOLED_OUTPUT

if TYPE_CHECKING:
    from transforms.bert.output_spec import Encoded

_HIDDEN = 768
# Of a batch, with the rows that fill up its shape.
_POSITIONS = 1 << 15
_SETTINGS = "--engine tensorflow --tokens_per_batch 16384 --xla_buckets 8 --part_bytes 4194304"


class WaitingEngine:
    """An engine that returns random vectors after as long as an accelerator would compute.

    Attributes:
        busy: seconds in which a batch was computed.
        began: when the first batch began, in seconds of `time.time`.
        processor: seconds of a core that this process had taken then.
    """

    name = "waiting"
    hidden_size = _HIDDEN
    compiled = 0
    precision = "float32"
    sentence = None

    def __init__(self, speed: float, parallel: int, tokens: bool) -> None:
        """Describe an accelerator.

        Args:
            speed: positions per second.
            parallel: batches that it is sent at once. Those beyond the first wait, as they do in
                the queue of a device.
            tokens: whether the vectors of all tokens are returned.
        """
        self.parallel = parallel
        self._tokens = tokens
        self.busy = self.began = self.processor = 0.0
        self._speed = speed
        self._lock = threading.Lock()
        # When the device has computed what it was sent.
        self._free = 0.0
        self._values = np.random.default_rng(0).normal(size=[_POSITIONS, _HIDDEN])
        self._values = self._values.astype(np.float32)

    def run(self, input_ids: np.ndarray, *_: np.ndarray) -> "Encoded[np.ndarray]":
        """Return arrays of the right shapes; see `Engine.run`."""
        from transforms.bert.output_spec import Encoded

        rows, width = input_ids.shape
        time.sleep(max(0.0, self._enqueue(rows * width / self._speed) - time.time()))
        # Copied, as vectors are from a device.
        pooled = self._values[:rows].copy()
        if not self._tokens:
            return Encoded(pooled, None)
        tokens = self._values[: rows * width].copy()
        return Encoded(pooled, tokens.reshape(rows, width, _HIDDEN))

    def _enqueue(self, seconds: float) -> float:
        """Let the device compute after what it was sent before; return when it ends."""
        with self._lock:
            if not self.began:
                self.began, self.processor = time.time(), time.process_time()
            self._free = max(self._free, time.time()) + seconds
            self.busy += seconds
            return self._free


def main() -> None:
    """Measure; with the hidden flag --file, run one measured process."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--speed", type=float, default=1.6e6, help="positions/s (1.6e6)")
    parser.add_argument("--parallel", type=int, default=3, help="batches sent at once (3)")
    parser.add_argument("--threads", type=int, default=3, help="parts worked on at once (3)")
    parser.add_argument("--cores", type=int, nargs="+", default=[os.cpu_count() or 1])
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3, help="runs with each number of cores (3)")
    parser.add_argument("--features", default="pooled_output")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--file", type=Path, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.file:
        print(json.dumps(_measure(arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        prose.write_lines(path, overhead.draw_lines(arguments.documents))
        runs = [
            {cores: _spawn(arguments, cores, path) for cores in arguments.cores}
            for _ in range(arguments.rounds)
        ]
    print(f"{machine.describe()}; {machine.today()}\n")
    head = ["cores", "share of the engine's speed", "wordpieces/s", "core seconds per million"]
    lines = [_line(cores, [run[cores] for run in runs]) for cores in arguments.cores]
    print(pages.table(head, lines))


def _spawn(arguments: argparse.Namespace, cores: int, path: Path) -> dict[str, Any]:
    flags = vars(arguments) | {"cores": cores, "file": path, "rounds": 1}
    return processes.run(
        "benchmarks.feeding", [word for name in flags for word in (f"--{name}", str(flags[name]))]
    )


def _measure(arguments: argparse.Namespace) -> dict[str, float]:
    (cores,) = arguments.cores
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from pipeline.console import quiet

    quiet.import_tensorflow()
    from pipeline.runners import surroundings
    from transforms import encode

    surroundings.MOST_THREADS = arguments.threads
    tokens = arguments.features != POOLED_OUTPUT
    engine = WaitingEngine(arguments.speed, arguments.parallel, tokens)
    # The graph is the job's, with another engine.
    vars(encode)["load_engine"] = lambda _: engine
    with tempfile.TemporaryDirectory() as folder:
        words = ["--input", str(arguments.file), "--output", f"{folder}/out", *_SETTINGS.split()]
        words += ["--features", arguments.features, "--dtype", arguments.dtype]
        measured = jobs.measure(jobs.parser(None).parse_args(words))
    processor = time.process_time() - engine.processor
    seconds = measured.began + measured.seconds - engine.began
    return {
        "share": engine.busy / seconds,
        "speed": measured.tokens / seconds,
        "core_seconds": processor / measured.tokens * 1e6,
    }


def _line(cores: int, runs: list[dict[str, float]]) -> list[str]:
    share, speed, processor = (
        Spread.of(run[name] for run in runs) for name in ("share", "speed", "core_seconds")
    )
    return [str(cores), share.to_text(3), speed.to_text(), processor.to_text(2)]


if __name__ == "__main__":
    main()
