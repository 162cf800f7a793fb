"""Pages name files, modules, flags and links that exist; examples import public names."""

import ast
import re
from pathlib import Path

import pytest

from pipeline import cli

ROOT = Path(__file__).parents[1]
# Pages that describe the project as it is; the changelog has former names too.
CURRENT = [
    *(page for page in sorted(ROOT.glob("*.md")) if page.name != "CHANGELOG.md"),
    *sorted(
        path for folder in ("docs", "deploy", "samples") for path in (ROOT / folder).rglob("*.md")
    ),
]
PACKAGES = ("beam_bert", "pipeline", "transforms")
FOLDERS = "benchmarks|deploy|docs|pipeline|samples|tests|transforms"
REPOSITORY_PATH = re.compile(rf"(?<![\w./:-])(?:{FOLDERS})/[\w./*{{}}-]*\w")
DOTTED_NAME = re.compile(r"(?<![\w./-])(?:benchmarks|pipeline|transforms)(?:\.[A-Za-z_]\w*)+")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", [*CURRENT, ROOT / "CHANGELOG.md"], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", without_code(page.read_text("utf-8"))):
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link


def without_code(text: str) -> str:
    """Return a page without its blocks and words of code, where brackets are no links."""
    return re.sub(r"^```.*?^```|`[^`\n]+`", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as code hosts form them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("folder", [ROOT / "docs", ROOT / "docs/decisions"], ids=name_of)
def test_every_page_is_in_the_index_of_its_folder(folder: Path) -> None:
    index = (folder / "README.md").read_text("utf-8")
    pages = {path.name for path in folder.glob("*.md")} - {"README.md"}
    assert [page for page in pages if f"({page})" not in index] == []


def flags_by_group(text: str, heading: str) -> dict[str, set[str]]:
    """Return the flags below each heading; a heading is a line that matches a pattern."""
    parts = re.split(heading, text, flags=re.MULTILINE)[1:]
    groups = {
        name.lower(): set(re.findall(r"^  (--\w+)|`(--\w+)", body, re.MULTILINE))
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
    return {name: {one or other for one, other in pairs} for name, pairs in groups.items() if pairs}


def test_the_tables_of_flags_are_those_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["plan", "--help"])
    shown = flags_by_group(capsys.readouterr().out, r"^([a-z]+):$")
    page = (ROOT / "docs/commands.md").read_text("utf-8")
    page = re.sub(r"^(\|[^|]*\|).*", r"\1", page, flags=re.MULTILINE)  # first cells only
    assert flags_by_group(page.partition("## Flags of")[2], r"^### (\w+)$") == shown


@pytest.mark.parametrize("page", CURRENT, ids=name_of)
def test_examples_import_public_names(page: Path) -> None:
    for text in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                assert_public(f"{node.module}", [alias.name for alias in node.names])
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    assert_public(alias.name, [])
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "beam_bert":
                assert_public("beam_bert", [node.attr])


def assert_public(module: str, names: list[str]) -> None:
    if module.partition(".")[0] in PACKAGES:
        assert module in PACKAGES, f"{module} is internal: import from beam_bert"
        assert set(names) <= set(__import__(module).__all__)


@pytest.mark.parametrize("page", CURRENT, ids=name_of)
def test_paths_and_modules_exist(page: Path) -> None:
    # In examples `pipeline` is a variable.
    text = re.sub(r"^```python\n.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    paths = set(REPOSITORY_PATH.findall(text))
    assert [path for path in paths if not list(ROOT.glob(path))] == []
    assert [name for name in set(DOTTED_NAME.findall(text)) if not is_defined(name)] == []
    assert_public(
        "beam_bert", re.findall(r"\bbeam_bert\.([A-Za-z]\w*)", text.replace("beam_bert.py", ""))
    )


def is_defined(name: str) -> bool:
    """Return whether a dotted name is a package, a module, or a name that a module defines."""
    path, attribute = ROOT / name.replace(".", "/"), ""
    if not path.is_dir() and not path.with_suffix(".py").is_file():
        path, attribute = path.parent, path.name
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return source.is_file() and bool(re.search(rf"\b{attribute}\b", source.read_text("utf-8")))


def test_the_tree_of_the_packages_is_as_it_is_shown() -> None:
    (tree,) = re.findall(
        r"^```\n(beam_bert\.py .*?)^```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M | re.S
    )
    folder, shown = ROOT, set()
    for line in tree.splitlines():
        indent, names = re.match(r"( *)((?:\w+(?:/|\.py) )+|\w+(?:/|\.py))", line).groups()
        if not indent:
            folder = ROOT / names.split()[0]
            continue
        assert all((folder / name).exists() for name in names.split()), line
        shown |= {str((folder / name).relative_to(ROOT)) for name in re.findall(r"(\w+)/", line)}
    packages = {
        str(path.parent.relative_to(ROOT))
        for root in ("transforms", "pipeline")
        for path in (ROOT / root).glob("*/__init__.py")
    }
    assert packages <= shown
