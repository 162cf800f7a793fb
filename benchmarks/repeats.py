"""Time jobs with `--dedup part` and `--dedup corpus`, alternately, each in a process of its own.

    python -m benchmarks.repeats --input FILE --features mean

On a corpus in which nothing repeats, the difference is what the search for repeats costs. All other
flags are those of `embed`, but for --output and --dedup.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import processes
from pipeline import job
from pipeline.options import embed_config, flags
from transforms import metrics


def main() -> None:
    """Measure, or be one of the measured processes."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    flags.add_embed_flags(parser)
    parser.set_defaults(output="unset")
    for action in parser._actions:
        action.required = action.required and action.dest != "output"
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_one(arguments)))
        return
    seconds: dict[str, list[float]] = {dedup: [] for dedup in flags.DEDUPS}
    for _ in range(arguments.rounds):
        for dedup, own in seconds.items():
            told = processes.run("benchmarks.repeats", [*sys.argv[1:], "--one", "--dedup", dedup])
            own.append(told["seconds"])
            print(dedup, json.dumps(told))
    part, corpus = (statistics.median(own) for own in seconds.values())
    print(f"medians: part {part:.1f} s, corpus {corpus:.1f} s, {corpus / part:.3f} of it")


def _one(arguments: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        arguments.output = str(Path(folder) / "out")
        summary = job.embed(embed_config.embed_config(arguments))
    counts = summary.progress.counts()
    names = (metrics.DOCUMENTS, metrics.REPEATED, metrics.REPEATED_ELSEWHERE)
    return {"seconds": round(summary.seconds, 1), **{name: counts[name] for name in names}}


if __name__ == "__main__":
    main()
