"""Measure how long the launcher takes to list and plan many small files.

    python -m benchmarks.many_files --files 100000

creates the files in nested folders: a third each ends in .txt, in .jsonl and in no ending, so that
the content decides. It then lists and plans them, writes plan.jsonl, chooses its lines, and does
what a second call of the same command does: it plans again, reads plan.jsonl and compares the two.
Creating the files is not measured. The table goes to --output.

    python -m benchmarks.many_files --files 100000 --jobs 3 --model minilm

embeds as many files of one line, and one file of the same lines, three times alternately, and
prints the seconds of each job and the number of files that it leaves. `--model` is any module.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import machine, pages, processes, prose
from pipeline.inputs import plan
from pipeline.options.embed_config import InputConfig
from pipeline.output import followed_plan, plan_file
from pipeline.output.layout import PLAN_FILE
from transforms.io import storage
from transforms.sources.base import ReadConfig
from transforms.steps import read_plan

_Row = tuple[str, float, float]
_CONTENTS = {".txt": "the cat sat\n", ".jsonl": '{"text": "the cat sat"}\n', "": "the cat sat\n"}
_FILES_IN_A_FOLDER, _FOLDERS_IN_A_FOLDER = 100, 100


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--files", type=int, default=100_000, metavar="N")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="measure whole jobs")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--scratch", default=None, help="folder for the files (/tmp)")
    parser.add_argument(
        "--output",
        type=Path,
        default=processes.ROOT / "docs" / "decisions" / "many-files.md",
        help="page for the table (docs/decisions/many-files.md)",
    )
    arguments = parser.parse_args()
    if arguments.jobs:
        with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
            _report_jobs(Path(folder), arguments.files, arguments.jobs, arguments.model)
        return
    pages.check_page(arguments.output)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        make_files(Path(folder, "in"), arguments.files)
        rows = list(measure(folder, arguments.files))
    where = f"{machine.describe()}{_instructions()}; {machine.today()}; {arguments.files:,} files"
    text = f"{where}\n\n{to_table(rows, arguments.files)}"
    print(text)
    pages.place(text, arguments.output)


def _instructions() -> str:
    """Return the widest instructions of the processor for bfloat16."""
    flags = Path("/proc/cpuinfo").read_text("utf-8").split()
    names = [name for name in ("avx512_bf16", "amx_bf16") if name in flags]
    return f" ({', '.join(names)})" if names else ""


def make_files(folder: Path, files: int) -> None:
    """Create small files, 100 in a folder, and 100 of these in another."""
    endings = list(_CONTENTS)
    for number in range(files):
        inner = number // _FILES_IN_A_FOLDER
        place = folder / f"{inner // _FOLDERS_IN_A_FOLDER:03d}" / f"{inner:06d}"
        if number % _FILES_IN_A_FOLDER == 0:
            place.mkdir(parents=True)
        ending = endings[number % len(endings)]
        (place / f"{number:08d}{ending}").write_text(_CONTENTS[ending], "utf-8")


def measure(folder: str, files: int) -> Iterator[_Row]:
    """Yield each step with its seconds and CPU seconds."""
    config = InputConfig((f"{folder}/in",), "auto", ReadConfig())
    path = f"{folder}/out/{PLAN_FILE}"
    splits = plan.make_plan(InputConfig((f"{folder}/in/000/000000",), "auto", ReadConfig()))

    def make_plan() -> None:
        nonlocal splits
        splits = plan.make_plan(config)
        _check(sum(len(split.files) for split in splits) == files)

    def write() -> None:
        storage.write_text(f"{folder}/out", PLAN_FILE, plan_file.to_lines(splits))

    def choose() -> None:
        _check(read_plan.choose_lines(path, splits).count == len(splits))

    def compare() -> None:
        _check(followed_plan.differences(plan_file.load_plan(f"{folder}/out"), splits) == [])

    yield _time("list the files and plan them", make_plan)
    yield _time("write plan.jsonl", write)
    yield _time("choose its lines for the graph", choose)
    yield _time("second call: list and plan again", make_plan)
    yield _time("second call: read plan.jsonl and compare", compare)


def _report_jobs(folder: Path, files: int, rounds: int, model: str) -> None:
    """Embed small files and one file of their lines alternately, and print the table."""
    lines = [f"{line}\n" for line in prose.draw_documents(files)]
    (folder / "many").mkdir()
    for number, line in enumerate(lines):
        (folder / f"many/{number:08d}.txt").write_text(line, "utf-8")
    (folder / "one.txt").write_text("".join(lines), "utf-8")
    rows = []
    for number in range(rounds):
        for name in ("many", "one.txt"):
            output = folder / f"out-{number}-{name}"
            seconds, cpu = _embed(folder / name, output, model)
            left = sum(path.is_file() for path in output.rglob("*"))
            rows.append([name, f"{seconds:.1f}", f"{cpu:.1f}", str(left)])
            shutil.rmtree(output)
    print(f"{machine.describe()}{_instructions()}; {machine.today()}; {files:,} documents\n")
    print(pages.table(["input", "seconds", "of CPU", "files left"], rows))


def _embed(path: Path, output: Path, model: str) -> tuple[float, float]:
    """Embed, and return the seconds and CPU seconds of the command."""
    words = ["embed", "--input", str(path), "--output", str(output), "--model", model]
    words += ["--features", "mean", "--max_seq_length", "32", "--max_unknown", "1"]
    command = [sys.executable, "-m", "pipeline", *words]
    began, before = time.perf_counter(), os.times()
    subprocess.run(command, check=True, cwd=processes.ROOT, capture_output=True)
    after = os.times()
    cpu = after.children_user + after.children_system
    return time.perf_counter() - began, cpu - before.children_user - before.children_system


def _time(step: str, run: Callable[[], None]) -> _Row:
    began, cpu_began = time.perf_counter(), time.process_time()
    run()
    return step, time.perf_counter() - began, time.process_time() - cpu_began


def _check(condition: bool) -> None:
    """Exit if a step has a wrong result."""
    if not condition:
        raise SystemExit("a step has a wrong result")


def to_table(rows: list[_Row], files: int) -> str:
    """Return the table of the measurements.

    >>> print(to_table([("list", 2.0, 0.5)], 1000))
    | step | seconds | of CPU | files/s |
    |---|---|---|---|
    | list | 2.0 | 0.5 | 500 |
    """
    lines = [
        [step, f"{seconds:.1f}", f"{cpu:.1f}", f"{files / seconds:,.0f}"]
        for step, seconds, cpu in rows
    ]
    return pages.table(["step", "seconds", "of CPU", "files/s"], lines)


if __name__ == "__main__":
    main()
