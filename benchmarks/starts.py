r"""Compare whole processes: small jobs, and a script with sentence-transformers.

    python -m benchmarks.starts --input samples/articles.jsonl \
        --python PEER/bin/python --model FOLDER

runs in turn a job on a machine that has kept nothing, the same job again into another folder, the
job with nothing left to do, and a script that loads the same model in sentence-transformers and
encodes the same texts. It prints the seconds from start to end of each process, its CPU seconds,
and the ratio to the script in the same round. PEER is an environment with sentence-transformers;
FOLDER is the default model in its format (`benchmarks.peers` makes both).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine, pages
from benchmarks.peers.environment import OFFLINE
from benchmarks.spread import Spread

_SCRIPT = """
import json, sys
from sentence_transformers import SentenceTransformer
with open(sys.argv[1]) as file:
    texts = [json.loads(line)["text"] for line in file]
model = SentenceTransformer(sys.argv[2], device="cpu")
model.max_seq_length = 128
model.encode(texts)
"""
_SCRIPT_NAME = "script with sentence-transformers"


class Run(NamedTuple):
    """A process: its wall time and the CPU time of it and its children, in seconds."""

    wall: float
    cpu: float


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--input", required=True, help="JSON Lines with `text` and `id`")
    parser.add_argument("--python", required=True, help="an interpreter with the package")
    parser.add_argument("--model", required=True, help="the model's folder")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (5)")
    arguments = parser.parse_args()
    rounds = [_round(arguments, number) for number in range(arguments.rounds)]
    head = ["", "seconds", "CPU seconds", "seconds / script", "CPU / script"]
    lines = [_line(name, rounds) for name in rounds[0]]
    print(f"\n{machine.describe()}; {machine.today()}\n\n{pages.table(head, lines)}")


def _round(arguments: argparse.Namespace, number: int) -> dict[str, Run]:
    with tempfile.TemporaryDirectory(prefix="starts-") as folder:
        script = [arguments.python, "-c", _SCRIPT, arguments.input, arguments.model]
        runs = {_SCRIPT_NAME: _run(script)} if number % 2 else {}
        for name, output in (
            *(("first job on a machine", "first"), ("second job on a machine", "second")),
            ("nothing left to do", "second"),
        ):
            runs[name] = _run(_job(arguments.input, Path(folder), output))
        if _SCRIPT_NAME not in runs:
            runs[_SCRIPT_NAME] = _run(script)
    for name, run in runs.items():
        print(f"  {run.wall:6.2f} s, {run.cpu:6.2f} s of CPU  {name}", flush=True)
    return runs


def _job(source: str, folder: Path, output: str) -> list[str]:
    flags = ["--input", source, "--id_field", "id", "--output", str(folder / output)]
    flags += ["--cache_dir", str(folder / "kept")]
    return [sys.executable, "-m", "pipeline", "embed", *flags]


def _run(command: list[str]) -> Run:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {name: x for name, x in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=environment | OFFLINE)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu)


def _line(name: str, rounds: list[dict[str, Run]]) -> list[str]:
    walls, cpus = zip(*(runs[name] for runs in rounds), strict=True)
    scripts = [runs[_SCRIPT_NAME] for runs in rounds]
    of_wall = [wall / script.wall for wall, script in zip(walls, scripts, strict=True)]
    of_cpu = [cpu / script.cpu for cpu, script in zip(cpus, scripts, strict=True)]
    spreads = [Spread.of(walls), Spread.of(cpus), Spread.of(of_wall), Spread.of(of_cpu)]
    places = (1, 1, 2, 2)
    return [name, *(x.to_text(n) for x, n in zip(spreads, places, strict=True))]


if __name__ == "__main__":
    main()
