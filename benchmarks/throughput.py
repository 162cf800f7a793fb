"""Hold the whole job against a bare loop over the same batches.

    python -m benchmarks.throughput --input FILE --model minilm

runs both alternately, each time in a process of its own: the job as `beam-bert embed` does it, and
a loop that only calls the engine, with every batch padded and ready in memory. Prints documents/s,
wordpieces/s, padding and peak memory of each, and the ratio: what share of the engine's own speed
is left when reading, tokenizing, writing and Beam come to it. Both are counted past start-up.
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
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (3)")
    arguments, flags = parser.parse_known_args()
    # For its help, and to refuse what is no flag before anything is run.
    jobs.parser(f"{__doc__}\n--rounds N: how often each is run (3)").parse_args(flags)
    rounds = [
        {role: _spawn(role, flags) for role in _ROLES[:: -1 if number % 2 else 1]}
        for number in range(arguments.rounds)
    ]
    head = ["", "documents/s", "tokens/s", "padding", "peak MB"]
    print(f"\n{machine.describe()}; {machine.today()}; {' '.join(sys.argv[1:])}\n")
    print(pages.table(head, [_line(role, [found[role] for found in rounds]) for role in _ROLES]))
    ratio = Spread.of(found["bare"]["seconds"] / found["jobs"]["seconds"] for found in rounds)
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
