"""Compare a whole job with the engine alone, in a loop over the same batches.

    python -m benchmarks.throughput --input FILE --model minilm

runs both alternately, each time in a separate process: the job of `beam-bert embed`, and a loop
that only calls the engine, with all batches padded in memory before. It prints documents/s,
tokens/s, padding and peak memory of each, and the ratio: the share of the engine's speed that a job
with reading, tokenizing, writing and Beam reaches. Both are measured without start-up.
"""

import argparse
import sys
from typing import Any

from benchmarks import jobs, machine, pages, processes
from benchmarks.spread import Spread

_ROLES = ("jobs", "bare")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    arguments, flags = parser.parse_known_args()
    # This prints the help, and refuses unknown flags before anything is run.
    jobs.parser(f"{__doc__}\n--rounds N: runs of each (3)").parse_args(flags)
    rounds = [
        {role: _spawn(role, flags) for role in _ROLES[:: -1 if number % 2 else 1]}
        for number in range(arguments.rounds)
    ]
    head = ["", "documents/s", "tokens/s", "padding", "peak MB"]
    print(f"\n{machine.describe()}; {machine.today()}; {' '.join(sys.argv[1:])}\n")
    print(
        pages.table(head, [_line(role, [results[role] for results in rounds]) for role in _ROLES])
    )
    ratio = Spread.of(results["bare"]["seconds"] / results["jobs"]["seconds"] for results in rounds)
    print(f"\njob / bare loop: {ratio.to_text(3)}")


def _spawn(role: str, flags: list[str]) -> dict[str, Any]:
    result = processes.run(f"benchmarks.{role}", flags)
    print(f"  {role:4}  {result['tokens'] / result['seconds']:>9,.0f} tokens/s", flush=True)
    return result


def _line(role: str, runs: list[dict[str, Any]]) -> list[str]:
    label = {"jobs": "the whole job", "bare": "a bare loop over the same batches"}[role]
    documents = Spread.of(run["documents"] / run["seconds"] for run in runs)
    tokens = Spread.of(run["tokens"] / run["seconds"] for run in runs)
    padding = runs[0]["padded_tokens"] / runs[0]["tokens"] - 1
    peak = max(run["peak_mb"] for run in runs)
    return [label, documents.to_text(), tokens.to_text(), f"{padding:.1%}", f"{peak:,.0f}"]


if __name__ == "__main__":
    main()
