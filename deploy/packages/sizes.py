"""Print what the base installation and each extra install, in MB.

    python -m deploy.packages.sizes

It adds up the files of the packages that this environment has; extras that it lacks are named.
docs/install.md has the table.
"""

import importlib.metadata
import sys
from collections.abc import Iterable
from pathlib import Path

from deploy.packages import installed, project

_MB = 1_000_000
_NAMED = 4


def main() -> int:
    """Print a row for the base installation, and one for what each extra adds to it."""
    base = installed.distributions()
    print("| extra | packages | MB | largest |\n|---|---|---|---|")
    print(_row("none", base.values()))
    for extra in project.all_extras():
        try:
            added = installed.distributions([extra])
        except importlib.metadata.PackageNotFoundError as error:
            print(f"sizes: [{extra}] is left out: {error.name} is not installed", file=sys.stderr)
            continue
        except ValueError as error:
            print(f"sizes: {error}: install it again", file=sys.stderr)
            continue
        print(_row(f"`{extra}`", [added[name] for name in added.keys() - base.keys()]))
    return 0


def _row(title: str, packages: Iterable[importlib.metadata.Distribution]) -> str:
    sizes = sorted(((size(package), package.name) for package in packages), reverse=True)
    largest = ", ".join(f"{name} {mb(number)}" for number, name in sizes[:_NAMED])
    return f"| {title} | {len(sizes)} | {mb(sum(number for number, _ in sizes))} | {largest} |"


def mb(number: int) -> str:
    """Return a number of bytes in whole MB, with a comma for thousands."""
    return f"{number / _MB:,.0f}"


def size(package: importlib.metadata.Distribution) -> int:
    """Return the bytes of a package's files, those that pip compiled included."""
    places = {Path(file.locate()) for file in package.files or ()}
    return sum(place.stat().st_size for place in places if place.is_file())


if __name__ == "__main__":
    sys.exit(main())
