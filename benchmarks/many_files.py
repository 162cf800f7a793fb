"""Measure how long the launcher takes to list and plan many small files.

    python -m benchmarks.many_files --files 100000

creates the files in nested folders: a third each ends in .txt, in .jsonl and in no ending, so that
the content decides. It then lists and plans them, writes plan.jsonl, chooses its lines, and does
what a second call of the same command does: it plans again, reads plan.jsonl and compares the two.
Creating the files is not measured. The table goes to --output.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import machine, pages, processes
from pipeline.inputs import plan
from pipeline.options.embed_config import InputConfig
from pipeline.output import plan_file
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
    parser.add_argument("--scratch", default=None, help="folder for the files (/tmp)")
    parser.add_argument(
        "--output",
        type=Path,
        default=processes.ROOT / "docs" / "decisions" / "many-files.md",
        help="page for the table (docs/decisions/many-files.md)",
    )
    arguments = parser.parse_args()
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
        _check(len(splits) == files)

    def write() -> None:
        storage.write_text(f"{folder}/out", PLAN_FILE, plan_file.to_lines(splits))

    def choose() -> None:
        _check(read_plan.choose_lines(path, splits).count == files)

    def compare() -> None:
        _check(plan_file.differences(plan_file.load_plan(f"{folder}/out"), splits) == [])

    yield _time("list the files and plan them", make_plan)
    yield _time("write plan.jsonl", write)
    yield _time("choose its lines for the graph", choose)
    yield _time("second call: list and plan again", make_plan)
    yield _time("second call: read plan.jsonl and compare", compare)


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
