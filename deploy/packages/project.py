"""What setup.py requires, and the files of exact versions beside this one."""

import functools
import importlib
import re
import runpy
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
_FOLDER = Path(__file__).resolve().parent
_LINE = re.compile(r"([A-Za-z0-9._-]+)==(\S+) --hash=\S+( --hash=\S+)*")


def requirements(extras: Iterable[str] = ()) -> list[str]:
    """Return the requirements of the base installation and of these extras, without repeats.

    setup.py is run, and nothing is built. This needs setuptools.

    Raises:
        ValueError: setup.py has no extra of this name.
    """
    known = arguments()["extras_require"]
    unknown = [extra for extra in extras if extra not in known]
    if unknown:
        raise ValueError(f"setup.py has no extra {unknown[0]!r}, but {', '.join(sorted(known))}")
    named = [requirement for extra in extras for requirement in known[extra]]
    return list(dict.fromkeys([*arguments()["install_requires"], *named]))


def all_extras() -> list[str]:
    """Return the names of the extras in setup.py."""
    return sorted(arguments()["extras_require"])


def supported_pythons() -> list[str]:
    """Return the versions of Python that setup.py supports, such as 3.11."""
    specifiers = importlib.import_module("packaging.specifiers")
    allowed = specifiers.SpecifierSet(arguments()["python_requires"])
    return [version for version in (f"3.{minor}" for minor in range(100)) if version in allowed]


def constraints(python: str | None = None) -> Path:
    """Return the file of exact versions for a Python, by default for the running one."""
    return _FOLDER / f"constraints-{python or '.'.join(map(str, sys.version_info[:2]))}.txt"


def pinned_lines(path: Path) -> dict[str, str]:
    """Return the line of each package in a file of exact versions, by the package's name.

    Raises:
        ValueError: a line is neither a comment, nor an option, nor an exact version with hashes.
    """
    lines = {}
    for line in path.read_text("utf-8").splitlines():
        match = _LINE.fullmatch(line)
        if match:
            lines[match[1]] = line
        elif line and not line.startswith(("#", "--")):
            raise ValueError(f"{path}: no exact version with hashes: {line}")
    return lines


@functools.cache
def arguments() -> dict[str, Any]:
    """Return the arguments that setup.py passes to setuptools, as they are written there."""
    setuptools = importlib.import_module("setuptools")
    found: dict[str, Any] = {}
    with mock.patch.object(setuptools, "setup", lambda **given: found.update(given)):
        runpy.run_path(str(ROOT / "setup.py"))
    return found
