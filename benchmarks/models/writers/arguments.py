"""The command line of the writers."""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.models.cases import CASES, Case


def cases_to_write(description: str) -> Iterator[tuple[Case, Path]]:
    """Yield the cases of the command line, and an empty folder `model` made for each."""
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+")
    given = parser.parse_args()
    by_name = {case.name: case for case in CASES}
    for name in given.names:
        folder = given.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "model").mkdir(parents=True)
        yield by_name[name], folder
    print(json.dumps({"written": len(given.names)}))
