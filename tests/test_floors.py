"""Imports go down only: the table of rooms and floors, held against the code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = {
    "transforms.checked_json": 0,
    "transforms.visible": 0,
    "transforms.documents": 0,
    "transforms.rejects": 0,
    "transforms.receipts": 0,
    "transforms.metrics": 0,
    "transforms.columns": 0,
    "transforms.features": 0,
    "transforms.fields": 0,
    "transforms.special_tokens": 0,
    "transforms.sources": 1,
    "transforms.wordpiece": 1,
    "transforms.offsets": 1,
    "transforms.preprocessing": 1,
    "transforms.windows": 1,
    "transforms.batching": 1,
    "transforms.buckets": 1,
    "transforms.claims": 1,
    "transforms.devices": 1,
    "transforms.dtypes": 0,
    "transforms.wire": 1,
    "transforms.tfrecord": 1,
    "transforms.halving": 1,
    "transforms.wordpieces": 1,
    "transforms.repeats": 1,
    "transforms.repeat_table": 1,
    "transforms.embedding": 1,
    "transforms.embedding_rest": 1,
    "transforms.embedded": 1,
    "transforms.shaping": 0,
    "transforms.record_config": 0,
    "transforms.examples": 1,
    "transforms.example_reader": 1,
    "transforms.parquet_records": 1,
    "transforms.parquet_reader": 1,
    "transforms.record_files": 1,
    "transforms.bert": 1,
    "transforms.storage": 2,
    "transforms.saved_transform": 2,
    "transforms.extract": 2,
    "transforms.failures": 2,
    "transforms.repeat_files": 2,
    "transforms.repeated": 2,
    "transforms.coder": 2,
    "transforms.analyze": 2,
    "transforms.planned": 2,
    "transforms.read": 2,
    "transforms.share": 2,
    "transforms.worker_boot": 2,
    "transforms.worker_pool": 2,
    "transforms.text_config": 2,
    "transforms.text_embedder": 2,
    "transforms.shared_embedder": 2,
    "transforms.counting": 2,
    "transforms.bert_embeddings": 2,
    "transforms.model_handler": 2,
    "transforms.yaml_transform": 2,
    "transforms.tokenize": 2,
    "transforms.encode": 2,
    "transforms.write": 2,
    "pipeline.errors": 3,
    "pipeline.lock": 3,
    "pipeline.parsers": 3,
    "pipeline.flags": 3,
    "pipeline.flag_values": 3,
    "pipeline.commands": 3,
    "pipeline.config_file": 3,
    "pipeline.quiet": 3,
    "pipeline.options": 3,
    "pipeline.again": 3,
    "pipeline.runners": 3,
    "pipeline.dataflow": 3,
    "pipeline.piped": 3,
    "pipeline.tables": 3,
    "pipeline.listing": 3,
    "pipeline.plan": 3,
    "pipeline.kept_fields": 3,
    "pipeline.inputs": 3,
    "pipeline.manifest": 3,
    "pipeline.losses": 3,
    "pipeline.work_time": 3,
    "pipeline.output": 3,
    "pipeline.reader": 3,
    "pipeline.graphs": 4,
    "pipeline.extracting": 4,
    "pipeline.job": 4,
    "pipeline.sampling": 4,
    "pipeline.estimate": 4,
    "pipeline.canary": 4,
    "pipeline.forecast": 4,
    "pipeline.pricing": 3,
    "pipeline.summary": 4,
    "pipeline.status": 4,
    "pipeline.progress": 4,
    "pipeline.head": 4,
    "pipeline.tokenizing": 4,
    "pipeline.verifying": 4,
    "pipeline.report": 4,
    "pipeline.drawn_job": 5,
    "pipeline.api": 5,
    "pipeline.cli": 5,
    "pipeline.__main__": 5,
}
BEAM_FROM = 2
FILES = sorted(path for room in ("transforms", "pipeline") for path in (ROOT / room).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def floor_of(module: str) -> int | None:
    """Give the floor of a module: its own, or that of the room it is in."""
    parts = module.split(".")
    rooms = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((FLOORS[room] for room in rooms if room in FLOORS), None)


def imports_of(path: Path) -> set[str]:
    """List what a file imports, at its top or within functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_go_down_or_sideways(path: Path) -> None:
    module = module_name(path)
    floor = floor_of(module)
    if floor is None:
        assert module in ("transforms", "pipeline"), f"{module} stands on no floor"
        # A package offers what stands in it; that it does so when asked is tested with each.
        own = (f"{module}.", "typing.", "importlib")
        assert all(imported.startswith(own) for imported in imports_of(path))
        return
    for imported in imports_of(path):
        below = floor_of(imported)
        assert below is None or below <= floor, f"{module} imports {imported} from above"
        if module.startswith("transforms"):
            assert not imported.startswith("pipeline"), f"{module} imports {imported}"
        if floor < BEAM_FROM:
            assert not imported.startswith("apache_beam"), f"{module} imports Beam"


def test_there_are_no_cycles() -> None:
    names = {module_name(path) for path in FILES}
    imports = {module_name(path): imports_of(path) for path in FILES}
    edges = {
        module: {name for name in names for imported in found if within(imported, name)}
        - {module, "transforms", "pipeline"}
        for module, found in imports.items()
    }
    done: set[str] = set()
    while ready := {name for name, needs in edges.items() if name not in done and needs <= done}:
        done |= ready
    assert set(edges) - done - {"transforms", "pipeline"} <= set(), sorted(set(edges) - done)


def within(imported: str, name: str) -> bool:
    """Whether an import reaches a module: itself or something in it."""
    return imported == name or imported.rsplit(".", 1)[0] == name


def test_files_that_define_transforms_keep_their_annotations() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        if "beam.PTransform" in text or "beam.DoFn" in text:
            assert "from __future__ import annotations" not in text, path


def test_every_floor_stands_for_a_file() -> None:
    rooms = {module_name(path) for path in FILES}
    assert set(FLOORS) <= rooms


def test_files_and_functions_stay_short() -> None:
    lengths = [len(path.read_text("utf-8").splitlines()) for path in FILES]
    assert max(lengths) < 400
    assert sorted(lengths)[len(lengths) // 2] < 150
    functions = [
        node.end_lineno - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno
    ]
    assert sum(length < 30 for length in functions) / len(functions) >= 0.95
