"""Check many mutated files by hand, and print how they ended."""

import argparse
import collections
import resource
import time
from collections.abc import Callable, Sequence

_MOST_GROWTH_KIB = 256 << 10


def run(description: str, kinds: Sequence[str], check: Callable[[str, int], str]) -> None:
    """Run what the command line asks for.

    Args:
        description: of the program.
        kinds: of files.
        check: checks the file of a kind and a seed, and returns what became of it.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--files", type=int, default=20_000, help="mutated files, of all kinds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=kinds)
    args = parser.parse_args()
    for kind in args.kinds:
        check(kind, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for kind in args.kinds:
        _check_many(check, kind, range(args.seed, args.seed + args.files // len(args.kinds)))
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"memory grew by {growth >> 10} MiB; the largest child had {children >> 10} MiB")
    assert growth < _MOST_GROWTH_KIB


def _check_many(check: Callable[[str, int], str], kind: str, seeds: range) -> None:
    started, slowest = time.monotonic(), 0.0
    ends: collections.Counter[str] = collections.Counter()
    for seed in seeds:
        began = time.process_time()
        try:
            ends[check(kind, seed)] += 1
        except Exception as error:
            ends["FAILED"] += 1
            print(f"{kind} seed {seed}: {type(error).__name__}: {str(error)[:200]}", flush=True)
        slowest = max(slowest, time.process_time() - began)
    seconds = time.monotonic() - started
    print(f"{kind}: {dict(ends)}, {seconds:.0f} s, slowest {slowest:.2f} s", flush=True)
