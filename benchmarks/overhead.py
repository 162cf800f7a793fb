"""Measure the cost of Beam and this package, in a job with an engine that returns zeros.

    python -m benchmarks.overhead

reads, tokenizes, batches, pools and writes `pooled_output` and `mean` of 100,000 random documents
of some 60 wordpieces from the samples. The engine returns arrays of zeros with the default model's
width. It prints documents/s without start-up, and the seconds of each stage, summed over threads;
--profile prints the profile of one more run.
"""

import argparse
import cProfile
import json
import pstats
import random
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import jobs, machine, pages, processes, prose
from benchmarks.spread import Spread

if TYPE_CHECKING:
    from transforms.bert.output_spec import Encoded

_WORDS = 50
_HIDDEN = 384


class NullEngine:
    """An engine that returns zeros."""

    name = "null"
    hidden_size = _HIDDEN
    parallel = 2
    compiled = 0
    precision = "float32"
    sentence = None

    def run(self, input_ids: np.ndarray, *_: np.ndarray) -> "Encoded[np.ndarray]":
        """Return arrays of the right shapes; see `Engine.run`."""
        from transforms.bert.output_spec import Encoded

        rows, width = input_ids.shape
        pooled = np.zeros([rows, _HIDDEN], np.float32)
        return Encoded(pooled, np.zeros([rows, width, _HIDDEN], np.float32))


def main() -> None:
    """Measure; with the hidden flag --file, run one measured process."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="number of runs (3)")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--file", type=Path, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.file:
        print(json.dumps(_measure(arguments.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        prose.write_lines(path, draw_lines(arguments.documents))
        words = ["--file", str(path)]
        runs = [processes.run("benchmarks.overhead", words) for _ in range(arguments.rounds)]
        _report(runs)
        if arguments.profile:
            _profile(path)


def draw_lines(count: int) -> list[str]:
    """Draw documents with equal numbers of words, from random places of the prose."""
    words = " ".join(prose.draw_documents(2000)).split()
    draw = random.Random(count)  # noqa: S311  (not for secrets)
    starts = (draw.randrange(len(words) - _WORDS) for _ in range(count))
    return [" ".join(words[start : start + _WORDS]) for start in starts]


def _measure(path: Path) -> dict[str, Any]:
    from pipeline.console import quiet

    quiet.import_tensorflow()
    from transforms import encode

    # The graph is the job's, with another engine.
    vars(encode)["load_engine"] = _load
    with tempfile.TemporaryDirectory() as folder:
        words = ["--input", str(path), "--output", f"{folder}/out", "--engine", "tensorflow"]
        words += ["--features", "pooled_output,mean"]
        measured = jobs.measure(jobs.parser(None).parse_args(words))
    return {
        "documents": measured.documents,
        "tokens": measured.tokens,
        "seconds": measured.seconds,
        "stages": measured.stages,
        "peak_mb": processes.peak_mb(),
    }


def _load(_: object) -> NullEngine:
    return NullEngine()


def _report(runs: list[dict[str, Any]]) -> None:
    speed = Spread.of(run["documents"] / run["seconds"] for run in runs)
    length = runs[0]["tokens"] / runs[0]["documents"]
    print(f"{machine.describe()}; {machine.today()}\n")
    print(f"{runs[0]['documents']:,} documents of {length:.0f} wordpieces: ", end="")
    print(f"{speed.to_text()} documents/s; peak {max(run['peak_mb'] for run in runs):,.0f} MB\n")
    stages = runs[0]["stages"]
    print(pages.table(["stage", "seconds"], [[name, f"{stages[name]:.2f}"] for name in stages]))


def _profile(path: Path) -> None:
    """Profile all threads, which slows Python code down more than native code."""
    profiles: list[cProfile.Profile] = []

    def profiled(run: Any) -> Any:
        def wrapped(self: threading.Thread) -> None:
            profile = cProfile.Profile()
            profiles.append(profile)
            profile.runcall(run, self)

        return wrapped

    threading.Thread.run = profiled(threading.Thread.run)  # type: ignore[method-assign]
    _measure(path)
    total = pstats.Stats(profiles[0])
    for profile in profiles[1:]:
        total.add(profile)
    total.sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
