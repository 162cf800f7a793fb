"""What Beam and we cost: the job with an engine that computes nothing.

    python -m benchmarks.overhead

reads, tokenizes, batches, pools and writes `pooled_output` and `mean` of 100,000 documents of some
60 wordpieces, drawn from the samples; the engine gives arrays of zeros, as wide as the default
model's. Prints documents/s past start-up, and the seconds of each stage, of all threads; --profile
prints where one more run spends its time.
"""

import argparse
import cProfile
import functools
import json
import pstats
import random
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import jobs, machine, pages, processes, prose
from benchmarks.spread import Spread

_WORDS = 50
_HIDDEN = 384


class NullEngine:
    """Gives zeros."""

    name = "null"
    hidden_size = _HIDDEN
    parallel = 2
    compiled = 0

    def run(self, input_ids: np.ndarray, *_: np.ndarray) -> Any:
        """Give arrays of the right shapes; see `Engine.run`."""
        from transforms.bert.output_spec import Encoded

        rows, width = input_ids.shape
        pooled = np.zeros([rows, _HIDDEN], np.float32)
        return Encoded(pooled, np.zeros([rows, width, _HIDDEN], np.float32))


def main() -> None:
    """Measure, or be a measured process."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often it is run (3)")
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
    """Draw documents of as many words each, from anywhere in the prose."""
    words = " ".join(prose.draw_documents(2000)).split()
    draw = random.Random(count)  # noqa: S311  (no secret)
    starts = (draw.randrange(len(words) - _WORDS) for _ in range(count))
    return [" ".join(words[start : start + _WORDS]) for start in starts]


def _measure(path: Path) -> dict[str, Any]:
    from pipeline.console import quiet

    quiet.import_tensorflow()
    from pipeline import graphs
    from transforms.encode import EncodeParts

    # The graph is the job's own, but for what computes.
    vars(graphs)["EncodeParts"] = functools.partial(EncodeParts, load=_load)
    with tempfile.TemporaryDirectory() as folder:
        given = ["--input", str(path), "--output", f"{folder}/out", "--engine", "tensorflow"]
        given += ["--features", "pooled_output,mean"]
        measured = jobs.measure(jobs.parser(None).parse_args(given))
    return {
        "documents": measured.documents,
        "tokens": measured.tokens,
        "seconds": measured.seconds,
        "stages": measured.stages,
        "peak_mb": processes.peak_mb(),
    }


def _load(_: object) -> Any:
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
    """Profile all threads; they are slower for it, Python's own work more than native."""
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
