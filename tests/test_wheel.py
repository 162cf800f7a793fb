"""The sdist and the wheel: what is in them, that one builds the other, and that it installs."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import transforms
from deploy.packages import build_release, project

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def tracked_files() -> set[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("the tracked files are compared with the sdist: this is no git checkout")
    return {name for name in filter(None, done.stdout.split("\0")) if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tracked files."""
    folder = tmp_path_factory.mktemp("source")
    for name in tracked_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def commit(folder: Path) -> None:
    """Make a folder a repository with one commit, of a known time."""
    identity = {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    times = {f"GIT_{who}_DATE": "1700000000 +0000" for who in ("AUTHOR", "COMMITTER")}
    for words in (["init", "-q"], ["add", "--all", "--force"], ["commit", "-q", "-m", "Release"]):
        subprocess.run(
            ["git", "-C", str(folder), *words], env=os.environ | identity | times, check=True
        )


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    commit(source)
    build_release.build(source, folder, Path(sys.executable))
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


def test_the_metadata_says_by_whom_for_whom_and_where(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = [
        name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("dist-info/METADATA")
    ]
    text = zipfile.ZipFile(wheel).read(name).decode()
    assert "\nAuthor: The beam-bert maintainers\n" in text
    assert "\nLicense: Apache-2.0\n" in text
    for python in project.supported_pythons():
        assert f"\nClassifier: Programming Language :: Python :: {python}\n" in text
    # Only who publishes a release knows the repository.
    assert "\nProject-URL: " not in text
    monkeypatch.setenv("BEAM_BERT_REPOSITORY", "https://repository.example/beam-bert/")
    urls = project.arguments.__wrapped__()["project_urls"]
    assert urls["Source"] == "https://repository.example/beam-bert"
    for url in urls.values():
        page = url.removeprefix("https://repository.example/beam-bert").lstrip("/")
        assert (ROOT / page).exists()


def test_both_are_of_this_version_and_their_metadata_is_valid(built: Path) -> None:
    paths = sorted([*built.glob("*.whl"), *built.glob("*.tar.gz")])
    assert len(paths) == 2
    assert all(f"-{transforms.__version__}" in path.name for path in paths)
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_builds_have_the_same_bytes(
    source: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "another place"
    subprocess.run(["git", "clone", "-q", str(source), str(clone)], check=True)
    (clone / "transforms/not_committed.py").touch()
    for path in clone.glob("pipeline/*.py"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("HOME", str(tmp_path))
    before = os.umask(0o077)
    try:
        again = build_release.build(clone, tmp_path, Path(sys.executable))
    finally:
        os.umask(before)
    for path in again:
        assert path.read_bytes() == (built / path.name).read_bytes(), path.name
        assert path.stat().st_size > 100_000


def test_the_sdist_has_every_tracked_file(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = [member.name for member in archive.getmembers() if member.isfile()]
    names = {name.partition("/")[2] for name in members}
    assert tracked_files() - names == set()
    made = {name for name in names - tracked_files() if ".egg-info/" not in name}
    assert made == {"PKG-INFO", "setup.cfg"}


def test_the_wheel_has_every_module_and_no_test(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        str(path.relative_to(ROOT))
        for package in ("transforms", "pipeline")
        for path in (ROOT / package).rglob("*.py")
    }
    modules.add("beam_bert.py")
    assert modules <= names
    data = {f"pipeline/report/page.{ending}" for ending in ("charts.j2", "css", "html.j2", "js")}
    data |= {"transforms/py.typed", "pipeline/py.typed"}
    assert data <= names
    assert {name for name in names - modules if ".dist-info/" not in name} == data


def test_the_wheel_installs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    python = tmp_path / "v/bin/python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", "--no-index", str(wheel)], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "usage: beam-bert COMMAND" in run(str(tmp_path / "v/bin/beam-bert"), "--help")
    versions = run(str(tmp_path / "v/bin/beam-bert"), "--version")
    assert versions.startswith(f"beam-bert {transforms.__version__}\n")
    program = "import beam_bert; print(beam_bert.__file__, beam_bert.UsageError.__module__)"
    path, module = run(str(python), "-c", program).split()
    assert path.startswith(str(tmp_path / "v"))
    assert module == "pipeline.errors"
