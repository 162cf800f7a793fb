"""Build the sdist, and the wheel from it, with the same bytes for everybody.

    python -m deploy.packages.build_release [FOLDER]     default: dist

Both are made of the files of the last commit, and their times are that of the commit. They do not
depend on the path, umask, time zone, user or clock of the machine, nor on what is installed: the
tools are those of the file of exact versions, in an environment of their own, checked by hash. They
depend on the version of Python and on BEAM_BERT_REPOSITORY. Needs git, pip and the network.
"""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.packages import project

_TOOLS = ("build", "packaging", "pyproject-hooks", "setuptools", "wheel")
_MODES = 0o644, 0o755


def main(arguments: Sequence[str] | None = None) -> int:
    """Build both files and print their sha256.

    Returns:
        0; 1 if git, pip or the build fails.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="dist", type=Path)
    folder = parser.parse_args(arguments).folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as name:
            tools = _install_tools(Path(name))
            for path in build(project.ROOT, folder, tools):
                print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    except subprocess.CalledProcessError as error:
        print(f"build_release: {error}\n{error.stderr or ''}", file=sys.stderr)
        return 1
    return 0


def build(checkout: Path, folder: Path, python: Path) -> tuple[Path, Path]:
    """Build the sdist and the wheel of a checkout's last commit.

    Args:
        checkout: of the project.
        folder: where the files are written.
        python: that of an environment with the packages of `_TOOLS`.

    Returns:
        the paths of the sdist and of the wheel.

    Raises:
        CalledProcessError: git or the build failed; its `stderr` says why.
    """
    time = int(_git(checkout, "log", "-1", "--format=%ct", "HEAD"))
    # Of the modes of generated files.
    before = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory() as name:
            source = Path(name, "source")
            _unpack(checkout, source)
            built = _run_build(python, "sdist", source, time)
            sdist = folder / built.name
            normalize(built, sdist, time)
            with tarfile.open(sdist) as archive:
                archive.extractall(name, filter="data")
            unpacked = Path(name, sdist.name.removesuffix(".tar.gz"))
            wheel = Path(shutil.copy(_run_build(python, "wheel", unpacked, time), folder))
    finally:
        os.umask(before)
    return sdist, wheel


def normalize(built: Path, path: Path, time: int) -> None:
    """Write an archive again: members sorted, of nobody, with one time and two modes.

    Args:
        built: a .tar.gz.
        path: of the new one.
        time: of every member, in seconds since 1970.
    """
    with (
        tarfile.open(built) as old,
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=time) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            is_executable = member.isdir() or bool(member.mode & 0o100)
            member.mode, member.mtime = _MODES[is_executable], time
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)


def _unpack(checkout: Path, folder: Path) -> None:
    """Put the files of the last commit into a folder."""
    archive = folder.with_suffix(".tar")
    _git(checkout, "archive", "--format=tar", f"--output={archive}", "HEAD")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")


def _install_tools(folder: Path) -> Path:
    """Make an environment of the exact versions of the tools, and return its Python."""
    requirements, python = folder / "tools.txt", folder / "tools/bin/python"
    lines = project.pinned_lines(project.constraints())
    requirements.write_text("".join(f"{lines[name]}\n" for name in _TOOLS))
    _run([sys.executable, "-m", "venv", folder / "tools"])
    options = ("--quiet", "--no-deps", "--require-hashes", "--requirement")
    _run([python, "-m", "pip", "install", *options, requirements])
    return python


def _run_build(python: Path, kind: str, source: Path, time: int) -> Path:
    """Build an sdist or a wheel in a new folder beside the source, and return its path."""
    folder = source.with_name(kind)
    options = (f"--{kind}", "--no-isolation", "--outdir")
    _run([python, "-m", "build", *options, folder, source], SOURCE_DATE_EPOCH=str(time))
    (path,) = folder.iterdir()
    return path


def _git(checkout: Path, *words: str) -> str:
    return _run(["git", "-C", checkout, *words]).strip()


def _run(command: Sequence[str | Path], **environment: str) -> str:
    """Run a command, and return what it prints."""
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
