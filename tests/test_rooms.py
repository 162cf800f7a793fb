"""The rules of the packages, checked against the code: imports go down only, names are unique."""

import ast
import collections
import graphlib
import re
from pathlib import Path

import pytest

from pipeline.options.flags import FLAGS

ROOT = Path(__file__).parents[1]
ROOTS = ("transforms", "pipeline")
FILES = sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))
# File systems, the stages, the steps around them, and steps of other pipelines.
MAY_IMPORT_BEAM = {
    *("transforms.io", "transforms.metrics", "transforms.steps", "transforms.elements"),
    *("transforms.read", "transforms.tokenize", "transforms.encode", "transforms.write"),
}
# A file of these folders has the name that users give: a format, a command.
NAMED_BY_USERS = {
    "transforms.bert.engines",
    "transforms.poolings",
    "transforms.sources",
    "pipeline.commands",
    "pipeline.stores.kinds",
}
MOST_TOP_LEVEL_MODULES = 15


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in FILES}


def package_of(module: str) -> str:
    """Return the package directly below a root that has a module, or the module at the root."""
    return ".".join(module.split(".")[:2])


def imports_of(path: Path) -> set[str]:
    """Return what a file imports, at its top or within functions; our modules by their names."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name if name in MODULES else _module_of(name) for name in imported}


def _module_of(name: str) -> str:
    """Return the module that has an imported name; the name itself where it is not ours."""
    parent = name.rpartition(".")[0]
    return parent if parent in MODULES else name


def sort(graph: dict[str, set[str]]) -> None:
    """Fail on a cycle, naming it."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"cycle: {' imports '.join(reversed(error.args[1]))}")


def imports_of_packages() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = collections.defaultdict(set)
    for module, path in MODULES.items():
        if module not in ROOTS:
            imported = {package_of(name) for name in imports_of(path) if name.startswith(ROOTS)}
            graph[package_of(module)] |= imported - {package_of(module)}
    return graph


def test_packages_import_each_other_in_one_direction() -> None:
    graph = imports_of_packages()
    assert len(graph) > 30
    sort(graph)


@pytest.mark.slow
def test_modules_import_each_other_in_one_direction() -> None:
    sort({name: imports_of(path) - {name} for name, path in MODULES.items() if name not in ROOTS})


@pytest.mark.parametrize("path", [ROOT / root / "__init__.py" for root in ROOTS], ids=str)
def test_a_root_imports_its_own_modules_on_demand(path: Path) -> None:
    # beam_bert checks the installation, and imports nothing else.
    allowed = (f"{path.parent.name}.", "typing", "importlib", "beam_bert")
    assert all(name.startswith(allowed) for name in imports_of(path))


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    imported = imports_of(MODULES[module])
    if module.startswith("transforms"):
        assert not [name for name in imported if name.startswith("pipeline")]
        if package_of(module) not in MAY_IMPORT_BEAM:
            assert not [name for name in imported if name.startswith("apache_beam")]


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_has_few_modules(root: str) -> None:
    modules = sorted(path.name for path in (ROOT / root).glob("*.py"))
    assert len(modules) <= MOST_TOP_LEVEL_MODULES, modules


def test_no_two_modules_have_one_name() -> None:
    named = [name for name in MODULES if name.rpartition(".")[0] not in NAMED_BY_USERS]
    stems = collections.Counter(name.rpartition(".")[2] for name in named)
    assert not [stem for stem, count in stems.items() if count > 1]


def test_no_two_classes_have_one_name() -> None:
    names = collections.Counter(
        node.name
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert not [name for name, count in names.items() if count > 1]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_file_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), path


def test_files_that_define_transforms_keep_their_annotations() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        if "beam.PTransform" in text or "beam.DoFn" in text:
            assert "from __future__ import annotations" not in text, path


@pytest.mark.slow
def test_files_and_functions_stay_short() -> None:
    lengths = [len(path.read_text("utf-8").splitlines()) for path in FILES]
    assert max(lengths) < 400
    assert sorted(lengths)[len(lengths) // 2] < 120
    functions = [
        node.end_lineno - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno
    ]
    assert sum(length < 30 for length in functions) / len(functions) >= 0.95


# Modules below the output folder that write a file there: `output/layout` imports its name.
DEFINE_NAMES_OF_THE_OUTPUT = {
    *("pipeline.output.layout", "pipeline.manifest", "pipeline.inputs.stdin"),
    *("pipeline.inputs.job_names", "pipeline.generations.kept_files"),
    *("transforms.receipts", "transforms.dedup.repeat_files"),
}
# An output format defines the name of its schema file; the layout asks the registry of formats.
OUTPUT_FORMATS = {name for name in MODULES if name.startswith("transforms.records.formats.")}
# Names that mean nothing else, and families of records, which are folders where a slash follows.
NAMES_OF_THE_OUTPUT = {
    *("manifest.json", "run.json", "plan.jsonl", "report.html", "receipts", "repeats"),
    *("transform_fn", "transformed_metadata", ".withdrawn", "table.json"),
    *("schema.pbtxt", "_common_metadata", "lock.json", "manifests"),
}
FOLDERS_OF_THE_OUTPUT = (
    "pooled/",
    "sequence/",
    "rejected/",
    "receipts/",
    "repeats/",
    "bigquery/",
    "changes/",
)


def is_name_of_the_output(text: str) -> bool:
    """Return whether a literal is a path in an output folder; messages contain spaces."""
    in_folder = text.startswith((*FOLDERS_OF_THE_OUTPUT, "transform_fn/"))
    last = text.rpartition("/")[2]
    return " " not in text and (in_folder or last in NAMES_OF_THE_OUTPUT)


@pytest.mark.parametrize(
    "module", sorted(set(MODULES) - DEFINE_NAMES_OF_THE_OUTPUT - OUTPUT_FORMATS)
)
def test_names_of_the_output_folder_are_written_in_one_place(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    literals = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [text for text in literals if is_name_of_the_output(text)]


def test_the_layout_has_the_names_that_other_modules_define() -> None:
    for module in DEFINE_NAMES_OF_THE_OUTPUT - {"pipeline.output.layout"}:
        assert layout_reaches(module), module


def layout_reaches(module: str, start: str = "pipeline.output.layout") -> bool:
    """Return whether the layout imports a module, or one that imports it."""
    imported = imports_of(MODULES[start])
    return module in imported or any(
        module in imports_of(MODULES[name]) for name in imported if name in MODULES
    )


def test_transforms_name_fields_and_no_flags() -> None:
    """Messages there name a field in backticks; the command line adds the dashes."""
    flags = [f"--{flag.name}" for flag in FLAGS]
    assert len(flags) > 25
    for module, path in MODULES.items():
        if module.startswith("transforms"):
            text = path.read_text("utf-8")
            assert not [flag for flag in flags if re.search(rf"{flag}\b", text)], module


def test_one_package_sends_requests_to_file_systems() -> None:
    """Its `storage` repeats those that fail for a moment; others call it."""
    request = re.compile(
        r"(?:\bFileSystems|\bfile_systems\(\))\.(?:exists|match|delete|rename|open|create|copy)\b"
    )
    senders = {name for name, path in MODULES.items() if request.search(path.read_text("utf-8"))}
    assert senders == {"transforms.io.storage"}
