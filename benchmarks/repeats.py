"""Time jobs with `--dedup part` and `--dedup corpus`, alternately, each in a separate process.

    python -m benchmarks.repeats --input FILE --features mean

On a corpus without repeats, the difference is the cost of the search for repeats. The other flags
are those of `embed`, except --output and --dedup.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import jobs, processes
from pipeline import job
from pipeline.options import conversion, flags
from transforms import metrics


def main() -> None:
    """Measure; with the hidden flag --one, run one measured job."""
    parser = jobs.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_run(arguments)))
        return
    seconds: dict[str, list[float]] = {dedup: [] for dedup in flags.DEDUPS}
    for _ in range(arguments.rounds):
        for dedup, durations in seconds.items():
            result = processes.run("benchmarks.repeats", [*sys.argv[1:], "--one", "--dedup", dedup])
            durations.append(result["seconds"])
            print(dedup, json.dumps(result))
    part, corpus = (statistics.median(durations) for durations in seconds.values())
    print(f"medians: part {part:.1f} s, corpus {corpus:.1f} s, ratio {corpus / part:.3f}")


def _run(arguments: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        arguments.output = str(Path(folder) / "out")
        summary = job.run_job(conversion.embed_config(vars(arguments)))
    counts = summary.progress.counts()
    names = (metrics.DOCUMENTS, metrics.REPEATED, metrics.REPEATED_ELSEWHERE)
    return {"seconds": round(summary.seconds, 1), **{name: counts[name] for name in names}}


if __name__ == "__main__":
    main()
