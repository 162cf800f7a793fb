"""The public module: its list of names, what it imports, and its check of the installation."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import beam_bert

ROOT = Path(__file__).parents[1]


def names_for_type_checkers() -> set[str]:
    tree = ast.parse((ROOT / "beam_bert.py").read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    return {alias.asname or alias.name for node in block.body for alias in node.names}


def test_every_public_name_is_listed_once_for_each_reader() -> None:
    public = set(beam_bert.__all__)
    assert len(public) == len(beam_bert.__all__)
    assert names_for_type_checkers() == public
    assert set(beam_bert._PLACES) <= public | {"__version__"}
    assert public <= set(dir(beam_bert))
    assert [name for name in public if f"`{name}`" not in beam_bert.__doc__] == []


@pytest.mark.parametrize("name", beam_bert.__all__)
def test_a_public_name_is_where_it_says(name: str) -> None:
    assert getattr(beam_bert, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'beam_bert' has no attribute 'embedd'"):
        _ = beam_bert.embedd


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program with the paths of a folder and of this checkout, in this order."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_module_by_itself_imports_neither_beam_nor_tensorflow(tmp_path: Path) -> None:
    program = (
        "import sys, beam_bert\n"
        "print(beam_bert.__version__, {'apache_beam', 'tensorflow'} & set(sys.modules))"
    )
    assert run(program, tmp_path).stdout == f"{beam_bert.__version__} set()\n"


@pytest.mark.parametrize("name", ["pipeline", "transforms"])
@pytest.mark.parametrize("first", ["", "import {name}; "])
def test_another_package_of_the_same_name_is_an_import_error(
    name: str, first: str, tmp_path: Path
) -> None:
    other = tmp_path / name / "__init__.py"
    other.parent.mkdir()
    other.write_text("print('the other package ran')\n")
    done = run(first.format(name=name) + "import beam_bert", tmp_path)
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"ImportError: beam_bert is in {ROOT}, ")
    assert f"the package {name!r} in {other}:" in message
    assert message.endswith("or remove the other package from sys.path")
    assert bool(done.stdout) == bool(first)


def test_a_folder_of_that_name_without_code_is_an_import_error(tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "beam_bert.py").write_bytes((ROOT / "beam_bert.py").read_bytes())
    program = f"import sys; sys.path.remove({str(ROOT)!r}); import beam_bert"
    assert "ImportError: beam_bert is in " in run(program, tmp_path).stderr
