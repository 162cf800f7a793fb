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
    block, _ = (node for node in tree.body if isinstance(node, ast.If))
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


@pytest.mark.parametrize(
    ("name", "file"), [("pipeline", "{name}/__init__.py"), ("transforms", "{name}.py")]
)
@pytest.mark.parametrize("first", ["", "import {name}; "])
def test_another_package_of_the_same_name_is_an_import_error(
    name: str, first: str, file: str, tmp_path: Path
) -> None:
    other = tmp_path / file.format(name=name)
    other.parent.mkdir(exist_ok=True)
    other.write_text("print('the other package ran')\n")
    done = run(first.format(name=name) + "import beam_bert", tmp_path)
    place = other if other.name == f"{name}.py" else other.parent
    *_, message, remedy = done.stderr.splitlines()
    assert (
        message
        == f"ImportError: beam_bert is in {ROOT}, but Python finds {name!r} first in {place}"
    )
    assert remedy.startswith(f"Rename {place}, remove {tmp_path} from PYTHONPATH, ")
    assert bool(done.stdout) == bool(first)


def test_a_folder_of_that_name_without_code_hides_no_installed_package(tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    assert run("import beam_bert", tmp_path).stderr == ""


def test_a_missing_package_and_a_folder_without_code_are_import_errors(tmp_path: Path) -> None:
    (tmp_path / "beam_bert.py").write_bytes((ROOT / "beam_bert.py").read_bytes())
    program = f"import sys; sys.path.remove({str(ROOT)!r}); import beam_bert"
    hide = "sys.meta_path[:] = [one for one in sys.meta_path if 'editable' not in repr(one)]; "
    program = program.replace("import beam_bert", hide + "import beam_bert")
    assert (
        "Python finds 'pipeline' nowhere\nInstall beam-bert again" in run(program, tmp_path).stderr
    )
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "transforms").mkdir()
    assert "Python finds 'pipeline' nowhere" not in run(program, tmp_path).stderr


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("transforms", ["-m", "pipeline"]),
        ("pipeline", ["-m", "beam_bert"]),
        (
            "pipeline",
            ["-c", "import sys; sys.argv[0] = '/bin/beam-bert'; from beam_bert import _program"],
        ),
    ],
)
def test_a_program_ends_with_two_lines_and_status_2(
    other: str, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / f"{other}.py").touch()
    command = [sys.executable, *words, "--version"]
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    message, remedy = done.stderr.splitlines()
    assert message.startswith(
        f"beam-bert: beam_bert is in {ROOT}, but Python finds {other!r} first"
    )
    assert remedy.startswith(f"Rename {tmp_path / other}.py, ")


def test_a_script_that_is_named_like_a_package_is_named(tmp_path: Path) -> None:
    script = tmp_path / "pipeline.py"
    script.write_text("from beam_bert import embed\n")
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert f"first in {script}\nRename {script}, " in done.stderr


def test_python_m_beam_bert_is_the_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "beam_bert", "--version"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(f"beam-bert {beam_bert.__version__}\n")
