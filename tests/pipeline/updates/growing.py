"""A corpus that grows in a folder, and jobs that follow it."""

import json
import os
from pathlib import Path
from typing import Any

from pipeline.result import Summary
from tests.pipeline import corpus

# Longer than a file that is read together with others, and shorter than a part.
LINES = 12
_TIME = 1_700_000_000


def text_of(first: int, count: int = LINES) -> str:
    """Return lines of text; other numbers give other lines."""
    return "".join(f"{corpus.sentence(first + number)}\n" for number in range(count))


class GrowingCorpus:
    """Files whose times of change are whole seconds, each later than the one before.

    Attributes:
        folder: of the files.
        output: of the job.
        model: the module.
    """

    def __init__(self, place: Path, model: Path) -> None:
        self.folder, self.output, self.model = place / "in", place / "out", model
        self._time = _TIME
        self.folder.mkdir()

    def write(self, name: str, content: str) -> None:
        """Write a file, new or not."""
        path = self.folder / name
        path.write_text(content)
        self.touch(name)

    def append(self, name: str, content: str) -> None:
        """Append to a file."""
        self.write(name, (self.folder / name).read_text() + content)

    def touch(self, name: str) -> None:
        """Give a file another time of change."""
        self._time += 1
        os.utime(self.folder / name, (self._time, self._time))

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def embed(self, output: Path | None = None, **settings: Any) -> Summary:
        """Run the job over the folder."""
        settings = {"features": ("mean",)} | settings
        return corpus.embed([str(self.folder)], output or self.output, self.model, **settings)

    def update(self, **settings: Any) -> Summary:
        """Update the output."""
        return self.embed(update=True, **settings)

    def assert_as_from_nothing(self, **settings: Any) -> None:
        """Assert that the current generation is what a job from nothing writes."""
        fresh = self.output.with_name("fresh")
        self.embed(fresh, overwrite=fresh.exists(), **settings)
        assert content_of(self.output) == content_of(fresh)


def begin(place: Path, model: Path) -> GrowingCorpus:
    """Return three files and their finished job."""
    made = GrowingCorpus(place, model)
    for number, name in enumerate(("a.txt", "b.txt", "c.txt")):
        made.write(name, text_of(20 * number))
    made.embed()
    return made


def manifest_of(output: Path) -> dict[str, Any]:
    """Return the manifest without its history."""
    manifest = json.loads((output / "manifest.json").read_text())
    manifest.pop("history", None)
    return manifest


def history_of(output: Path) -> dict[str, Any]:
    return json.loads((output / "manifest.json").read_text())["history"]


def content_of(output: Path) -> dict[str, Any]:
    """Return the manifest, the plan, and every file that the manifest names."""
    manifest = manifest_of(output)
    names = [file["path"] for part in manifest["parts"] for file in part["files"]]
    contents = {name: (output / name).read_bytes() for name in names}
    run = json.loads((output / "run.json").read_text())
    same = {"plan": run["plan"], "configuration": run["configuration"]}
    return contents | same | {"manifest": manifest, "lines": (output / "plan.jsonl").read_text()}


def generation_of(output: Path) -> int:
    manifest = json.loads((output / "manifest.json").read_text())
    return manifest.get("history", {"generation": 1})["generation"]


def receipts_of(output: Path) -> dict[str, int]:
    """Return the time of change of each receipt."""
    return {path.name: path.stat().st_mtime_ns for path in (output / "receipts").glob("*.json")}
