r"""Compare jobs with different flags on the same documents.

    python -m benchmarks.alternating --input FILE --flags="--features mean" \
        --flags="--features sequence_output --dtype float16"

runs them alternately, each in a separate process. It prints documents/s, tokens/s and MB/s written,
all without start-up, the peak memory, and the ratio of speeds to the first job in each round.
"""

import argparse
import shlex
from typing import Any

from benchmarks import machine, pages, processes
from benchmarks.spread import Spread


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--input", required=True, help="as for embed")
    parser.add_argument(
        "--flags", action="append", required=True, help="flags of embed; give this several times"
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each job (3)")
    arguments = parser.parse_args()
    rounds = [
        {flags: _run(arguments.input, flags) for flags in arguments.flags[:: -1 if odd else 1]}
        for odd in (number % 2 for number in range(arguments.rounds))
    ]
    head = ["", "documents/s", "tokens/s", "MB/s written", "peak MB", "speed / first"]
    lines = [_line(flags, arguments.flags[0], rounds) for flags in arguments.flags]
    print(f"\n{machine.describe()}; {machine.today()}\n\n{pages.table(head, lines)}")


def _run(source: str, flags: str) -> dict[str, Any]:
    result = processes.run("benchmarks.jobs", ["--input", source, *shlex.split(flags)])
    print(f"  {result['tokens'] / result['seconds']:>9,.0f} tokens/s  {flags}", flush=True)
    return result


def _line(flags: str, first: str, rounds: list[dict[str, dict[str, Any]]]) -> list[str]:
    runs = [results[flags] for results in rounds]
    ratios = (results[first]["seconds"] / results[flags]["seconds"] for results in rounds)
    speeds = [
        Spread.of(run[amount] / run["seconds"] for run in runs)
        for amount in ("documents", "tokens", "megabytes")
    ]
    peak = max(run["peak_mb"] for run in runs)
    texts = [speed.to_text() for speed in speeds]
    return [f"`{flags}`", *texts, f"{peak:,.0f}", Spread.of(ratios).to_text(3)]


if __name__ == "__main__":
    main()
