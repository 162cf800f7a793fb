"""Every block of bash or Python in docs/ is run, page by page; names and paths in it exist.

`beam-bert` runs in this process, for importing TensorFlow takes longer than most of the commands. A
block of ```text has lines that the block before it prints; what cannot be run here is ```console.
"""

import ast
import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import cli

ROOT = Path(__file__).parents[1]
BLOCKS = re.compile(r"^```(bash|python|text|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if BLOCKS.search(page.read_text())]
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
# What only a shell understands.
SHELL = re.compile(r"[|<>$;&]|^(?!beam-bert )")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ./run_local.sh leaves."""
    folder = tmp_path_factory.mktemp("local")
    (command,) = re.findall(
        r"set -- (--input .*?) --output", (ROOT / "run_local.sh").read_text(), re.S
    )
    arguments = shlex.split(command.replace("\\\n", " ").replace("samples/", f"{ROOT}/samples/"))
    with contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(["embed", *arguments, "--output", str(folder / "output")]) == 0
    return folder / "output"


@pytest.fixture
def place(tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the samples, and with what ./run_local.sh left."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    shutil.copytree(output, tmp_path / "output")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.usefixtures("place")
def test_the_blocks_of_a_page_run(page: Path) -> None:
    printed = ""
    for language, text in BLOCKS.findall(page.read_text("utf-8")):
        if language == "bash":
            printed = "".join(map(run, commands(text)))
        elif language == "python":
            stream = io.StringIO()
            with contextlib.redirect_stdout(stream):
                exec(compile(text, page.name, "exec"), {"__name__": "__main__"})  # noqa: S102
            printed = stream.getvalue()
        elif language == "yaml":
            assert text.startswith("# "), f"{page.name}: the first line must name the file"
            assert yaml.safe_load(text), page.name
            Path(text.partition("\n")[0].removeprefix("# ")).write_text(text)
        else:
            for line in text.splitlines():
                assert line in printed.splitlines(), f"{page.name}: {line!r} is not in {printed}"


def commands(text: str) -> list[str]:
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def run(command: str) -> str:
    if SHELL.search(command):
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        status = cli.main(shlex.split(command)[1:])
    assert status == 0, f"{command}\n{stream.getvalue()}"
    return stream.getvalue()


def test_every_task_has_a_page_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def test_nothing_is_passed_over_but_what_says_so() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        fences = re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)[::2]
        assert set(fences) <= {"bash", "python", "text", "yaml", "console", ""}, page.name


def test_the_table_of_flags_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    known = set()
    for command in ("embed", "plan"):
        with pytest.raises(SystemExit, match="0"):
            cli.main([command, "--help"])
        known |= set(re.findall(r"^  (?:-h, )?(--\w+)", capsys.readouterr().out, re.MULTILINE))
    page = (ROOT / "docs/commands.md").read_text("utf-8").partition("## Flags of")[2]
    assert set(re.findall(r"`(--\w+)", page)) == known - {"--help"}


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
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


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
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
