"""Folders that releases have written, from `tests/data/formats`; `make_formats.py` made them."""

import json
import lzma
import os
import shutil
from pathlib import Path

from tests.paths import DATA

GRAPH = "transform_fn/saved_model.pb"


def restore(release: str, job: str, folder: Path) -> list[str]:
    """Put a job with its corpus and its model into a folder.

    Returns:
        the words of the command that wrote `output`, for a call in the folder.
    """
    shutil.copytree(DATA / "formats" / release / job, folder, dirs_exist_ok=True)
    shutil.copytree(DATA / "golden_job/module", folder / "module")
    graph = folder / "output" / GRAPH
    packed = graph.with_suffix(".pb.xz")
    graph.write_bytes(lzma.decompress(packed.read_bytes()))
    packed.unlink()
    stored = json.loads((folder / "command.json").read_text())
    for name, time in stored["times"].items():
        os.utime(folder / "corpus" / name, (time, time))
    return list(stored["command"])


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a folder, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
