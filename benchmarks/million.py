"""Measure the steps of a job whose time and memory grow with its parts, at a million parts.

    python -m benchmarks.million --parts 1000000

creates the output folder of a job with this number of parts, without corpus and vectors: a plan and
receipts as a job writes them, and empty files of the right sizes in place of the records. It
measures the steps that start, continue, watch and complete such a job, and the size of the graph
that the runner gets. It needs some 5 GB of disk for a million parts, and writes a table to
--output. A row with an arrow runs in the process of the row above it, so its peak memory includes
that of the row above.
"""

import argparse
import contextlib
import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine, million_updates, pages, processes
from benchmarks.many_parts import make_splits, receipt_texts, write_empty

if TYPE_CHECKING:
    from pipeline.options.embed_config import EmbedConfig
    from pipeline.output.run_file import Run

_Sizes = dict[str, int]
_Row = tuple[str, dict[str, float], _Sizes]
_Step = tuple[str, Callable[[], _Sizes]]
_SETTINGS = {"features": "mean", "model": "minilm"}


def main() -> None:
    """Measure, and write the table; with the hidden flag --process, run one measured process."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--parts", type=int, default=10**6, metavar="N")
    parser.add_argument("--scratch", default=None, help="folder for the output folder (/tmp)")
    parser.add_argument("--process", default=None, help=argparse.SUPPRESS)
    parser.add_argument(
        "--output",
        type=Path,
        default=processes.ROOT / "docs" / "decisions" / "parts-million.md",
        help="page for the table (docs/decisions/parts-million.md)",
    )
    arguments = parser.parse_args()
    if arguments.process:
        steps = _PROCESSES[arguments.process](arguments.scratch, arguments.parts)
        print(json.dumps({"rows": list(map(_measure, steps))}))
        return
    pages.check_page(arguments.output)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        rows = list(_run(folder, arguments.parts))
    where = f"{machine.describe()}; {machine.today()}; {arguments.parts:,} parts"
    text = f"{where}\n\n{to_table(rows)}"
    print(text)
    pages.place(text, arguments.output)


def _run(folder: str, parts: int) -> Iterator[_Row]:
    """Run all processes in the order of a job, and yield their rows."""
    for name in _PROCESSES:
        began = time.monotonic()
        result = processes.run(
            "benchmarks.million", ["--process", name, "--scratch", folder, "--parts", str(parts)]
        )
        print(f"  {name}: {time.monotonic() - began:.0f} s; {json.dumps(result)}", flush=True)
        yield from result["rows"]


def _measure(step: _Step) -> _Row:
    """Run a step; return its seconds, CPU seconds, and the peak memory of the process so far."""
    name, run = step
    began, cpu_began = time.perf_counter(), time.process_time()
    sizes = run()
    measured = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu_began,
        "peak_mb": processes.peak_mb(),
    }
    return name, measured, sizes


def to_table(rows: list[_Row]) -> str:
    """Return the table of the measurements.

    >>> print(to_table([("walk", {"seconds": 2, "cpu": 1.5, "peak_mb": 300}, {"steps": 9})]))
    | step | seconds | of CPU | peak MB | size |
    |---|---|---|---|---|
    | walk | 2.0 | 1.5 | 300 | 9 steps |
    """
    lines = [
        [
            name,
            f"{figures['seconds']:.1f}",
            f"{figures['cpu']:.1f}",
            f"{figures['peak_mb']:,.0f}",
            ", ".join(f"{size:,} {unit}" for unit, size in sizes.items()),
        ]
        for name, figures, sizes in rows
    ]
    return pages.table(["step", "seconds", "of CPU", "peak MB", "size"], lines)


def _check(condition: bool) -> None:
    """Exit if a step has a wrong result."""
    if not condition:
        raise SystemExit("a step has a wrong result")


def _begin(folder: str, parts: int) -> Iterator[_Step]:
    """Run a job of one document, then write the receipts of many parts to its folder."""
    Path(folder, "corpus.txt").write_text("Fresh bread\n", "utf-8")
    from pipeline import job
    from pipeline.console import quiet

    quiet.import_tensorflow()
    with contextlib.redirect_stdout(None):
        job.run_job(_config(folder))
    receipts = Path(folder, "out", "receipts")
    for path in receipts.iterdir():
        path.unlink()
    Path(folder, "out", "manifest.json").unlink()
    Path(folder, "out", "rejected").mkdir()
    fingerprint = _follow_plan(folder, parts)
    for name, text, files in receipt_texts(make_splits(parts), fingerprint):
        Path(receipts, f"{name}.json").write_text(text, "ascii")
        for file, size in files:
            write_empty(f"{folder}/out/{file}", size)
    yield from ()


def _follow_plan(folder: str, parts: int) -> str:
    """Write to run.json that the plan is that of many parts; return the fingerprint of the run."""
    from pipeline.output import run_file
    from transforms.splits.collecting import collect

    run = dataclasses.replace(_run_of(folder), plan=collect(make_splits(parts)).sha256)
    run_file.write_run(f"{folder}/out", run, _config(folder))
    return run.fingerprint


def _run_of(folder: str) -> "Run":
    from pipeline.output import run_file

    run = run_file.load_run(f"{folder}/out")
    if run is None:
        raise SystemExit(f"{folder}/out has no run.json")
    return run


def _config(folder: str) -> "EmbedConfig":
    from pipeline.options import conversion

    places = {"input": [f"{folder}/corpus.txt"], "output": f"{folder}/out"}
    return conversion.embed_config(conversion.settings_of(_SETTINGS | places))


def _plan(folder: str, parts: int) -> Iterator[_Step]:
    from pipeline.output import followed_plan, layout, plan_file
    from transforms.splits.collecting import collect

    splits = collect(make_splits(parts))
    path = Path(folder, "out", layout.PLAN_FILE)

    def write() -> _Sizes:
        plan_file.write_plan(f"{folder}/out", splits)
        return {"bytes": path.stat().st_size}

    def compare() -> _Sizes:
        _check(followed_plan.differences(plan_file.load_plan(f"{folder}/out"), splits) == [])
        return {}

    def recognize() -> _Sizes:
        _check(plan_file.load_stored(f"{folder}/out", expected=splits).splits is splits)
        return {}

    yield "write plan.jsonl", write
    yield "→ read it and compare it with the input", compare
    yield "→ hash it, and find that it is the plan of now", recognize


def _graphs(folder: str, parts: int) -> Iterator[_Step]:
    import apache_beam as beam

    from pipeline import graphs, model
    from pipeline.console import quiet
    from pipeline.job_context import JobContext
    from pipeline.parts.receipt_store import ReceiptStore
    from transforms.splits.collecting import collect

    quiet.import_tensorflow()
    config = _config(folder)
    module = model.inspect_model(model.find_model(config)[0], config)
    run = _run_of(folder)
    splits = collect(make_splits(parts))

    def build(stride: int) -> _Sizes:
        pipeline = beam.Pipeline()
        pending = splits[::stride]
        receipts = ReceiptStore(config.output)
        context = JobContext(config, pipeline.options, pending, run, module, "minilm", receipts)
        graphs.build_embed(pipeline, context)
        return {"bytes": pipeline.to_runner_api().ByteSize()}

    yield "build the graph, one split pending", lambda: build(parts)
    yield "→ all splits pending", lambda: build(1)
    yield "→ every third pending", lambda: build(3)


def _read_pending(folder: str, parts: int) -> Iterator[_Step]:
    from transforms.steps import read_plan

    chosen = read_plan.choose_lines(f"{folder}/out/plan.jsonl", make_splits(parts))

    def read() -> _Sizes:
        return {"splits": sum(1 for _ in read_plan.read_lines(chosen))}

    yield "a worker reads the pending splits", read


def _first_read(folder: str, parts: int) -> Iterator[_Step]:
    from pipeline.parts import receipt_store

    def roll_up() -> _Sizes:
        _check(len(receipt_store.roll_up(f"{folder}/out")) == parts)
        files = list(Path(folder, "out", "receipts", "segments").iterdir())
        return {"segments": len(files), "bytes": sum(file.stat().st_size for file in files)}

    yield "read the receipts without segments, write these", roll_up


def _finish(folder: str, parts: int) -> Iterator[_Step]:
    from pipeline import manifest
    from pipeline.parts import receipt_store
    from pipeline.parts.receipt_table import ReceiptTable, table_of
    from transforms.splits.collecting import collect

    splits = collect(make_splits(parts))
    fingerprint = _run_of(folder).fingerprint
    receipts: ReceiptTable = table_of([])

    def load() -> _Sizes:
        nonlocal receipts
        receipts = receipt_store.load_receipts(f"{folder}/out")
        return {"receipts": len(receipts)}

    def resume() -> _Sizes:
        progress = manifest.measure_progress(splits, receipts[::2], fingerprint)
        return {"pending": len(progress.pending)}

    def write() -> _Sizes:
        progress = manifest.measure_progress(splits, receipts, fingerprint)
        _check(progress.complete)
        manifest.write_manifest(f"{folder}/out", progress, fingerprint)
        return {"bytes": Path(folder, "out", manifest.MANIFEST_FILE).stat().st_size}

    def check() -> _Sizes:
        progress = manifest.measure_progress(splits, receipts, fingerprint)
        _check(manifest.has_manifest(f"{folder}/out", progress, fingerprint))
        return {}

    yield "list and read the receipts", load
    yield "→ compare half of them with the plan", resume
    yield "→ compare all with the plan, write manifest.json", write
    yield "→ compare all with the plan, check manifest.json", check


def _status(folder: str, parts: int) -> Iterator[_Step]:
    from pipeline import status

    def measure() -> _Sizes:
        _check(status.measure(f"{folder}/out").parts == parts)
        return {}

    yield "status", measure


def _first_status(folder: str, parts: int) -> Iterator[_Step]:
    for _, measure in _status(folder, parts):
        yield "status without segments", measure


def _manifest(folder: str, parts: int) -> Iterator[_Step]:
    from pipeline import reader

    def load() -> _Sizes:
        _check(len(reader.list_files(f"{folder}/out", "pooled")) == parts)
        return {}

    yield "a reader lists the files of manifest.json", load


def _update(folder: str, parts: int) -> Iterator[_Step]:
    return million_updates.update_steps(_config(folder), parts)


_PROCESSES: dict[str, Callable[[str, int], Iterator[_Step]]] = {
    "begin": _begin,
    "plan": _plan,
    "graphs": _graphs,
    "worker": _read_pending,
    "first status": _first_status,
    "first read": _first_read,
    "status": _status,
    "finish": _finish,
    "manifest": _manifest,
    "update": _update,
}


if __name__ == "__main__":
    main()
