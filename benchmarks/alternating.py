r"""Hold jobs of different flags against each other, on the same documents.

    python -m benchmarks.alternating --input FILE --flags="--features mean" \
        --flags="--features sequence_output --dtype float16"

runs each alternately, each in a process of its own, and prints documents/s, tokens/s and what was
written past start-up, peak memory, and the speed beside that of the first, round by round.
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
    parser.add_argument("--input", required=True, help="as of embed")
    parser.add_argument("--flags", action="append", required=True, help="of embed; repeat it")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (3)")
    arguments = parser.parse_args()
    rounds = [
        {flags: _run(arguments.input, flags) for flags in arguments.flags[:: -1 if odd else 1]}
        for odd in (number % 2 for number in range(arguments.rounds))
    ]
    head = ["", "documents/s", "tokens/s", "MB/s written", "peak MB", "speed beside the first"]
    lines = [_line(flags, arguments.flags[0], rounds) for flags in arguments.flags]
    print(f"\n{machine.describe()}; {machine.today()}\n\n{pages.table(head, lines)}")


def _run(source: str, flags: str) -> dict[str, Any]:
    told = processes.run("benchmarks.jobs", ["--input", source, *shlex.split(flags)])
    print(f"  {told['tokens'] / told['seconds']:>9,.0f} tokens/s  {flags}", flush=True)
    return told


def _line(flags: str, first: str, rounds: list[dict[str, dict[str, Any]]]) -> list[str]:
    own = [found[flags] for found in rounds]
    ratios = (found[first]["seconds"] / found[flags]["seconds"] for found in rounds)
    speeds = [
        Spread.of(run[what] / run["seconds"] for run in own)
        for what in ("documents", "tokens", "megabytes")
    ]
    peak = max(run["peak_mb"] for run in own)
    texts = [speed.to_text() for speed in speeds]
    return [f"`{flags}`", *texts, f"{peak:,.0f}", Spread.of(ratios).to_text(3)]


if __name__ == "__main__":
    main()
