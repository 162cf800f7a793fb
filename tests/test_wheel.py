"""The built wheel holds the packages, whole, and nothing of the tests."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (build / name).parent.mkdir(parents=True, exist_ok=True)
            (build / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(build)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_module_and_no_test(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        str(path.relative_to(ROOT))
        for room in ("transforms", "pipeline")
        for path in (ROOT / room).rglob("*.py")
    }
    assert ours <= names
    data = {f"pipeline/report/page.{ending}" for ending in ("css", "html.j2", "js")}
    data |= {"transforms/py.typed", "pipeline/py.typed"}
    assert data <= names
    strangers = {name for name in names - ours if ".dist-info/" not in name}
    assert strangers == data


def test_the_wheel_works_in_an_environment_that_holds_nothing_else(
    wheel: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    python = tmp_path / "v/bin/python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", "--no-index", str(wheel)], check=True)

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)

    helped = run(str(tmp_path / "v/bin/beam-bert"), "--help")
    assert helped.returncode == 0, helped.stderr
    assert "usage: beam-bert COMMAND" in helped.stdout
    program = "import pipeline.cli, transforms.bert.shape as s; print(s.__file__)"
    imported = run(str(python), "-c", program)
    assert imported.stdout.startswith(str(tmp_path / "v")), imported.stderr
