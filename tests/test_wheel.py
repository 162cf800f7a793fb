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
    assert {"transforms/py.typed", "pipeline/py.typed"} <= names
    strangers = {name for name in names - ours if ".dist-info/" not in name}
    assert strangers == {"transforms/py.typed", "pipeline/py.typed"}


def test_the_wheel_imports_from_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*command, str(target), str(wheel)], check=True)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import pipeline.cli, pipeline.flags, transforms.documents as documents\n"
        "assert documents.__file__.startswith(sys.argv[1]), documents.__file__\n"
        "sys.exit(pipeline.cli.main(['--help']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(target)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "usage: beam-bert COMMAND" in result.stdout
    assert (target / "bin/beam-bert").is_file()
