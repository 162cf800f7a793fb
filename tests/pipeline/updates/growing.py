"""A corpus that grows in a folder, and jobs that follow it."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.generations.kept_files import FIRST_LIST
from pipeline.options.embed_config import InputConfig
from pipeline.result import Summary
from tests.pipeline import corpus
from transforms.sources.base import ReadConfig

# Longer than a file that is read together with others, and shorter than a part.
LINES = 12
_KEY = re.compile(r"-[0-9a-f]{32}(?=[\".])")
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

    def embed(
        self,
        output: Path | None = None,
        globs: Sequence[str] = (),
        input_format: str = "auto",
        **settings: Any,
    ) -> Summary:
        """Run the job over the folder, or over other inputs."""
        inputs = tuple(globs) or (str(self.folder),)
        read = InputConfig(inputs, input_format, ReadConfig(part_bytes=1024))
        settings = {"features": ("mean",), "input": read} | settings
        return corpus.embed(list(inputs), output or self.output, self.model, **settings)

    def update(self, **settings: Any) -> Summary:
        """Update the output."""
        return self.embed(update=True, **settings)

    def assert_as_from_nothing(self, **settings: Any) -> None:
        """Assert that the current generation is what a job from nothing writes.

        Names have keys by the list of inputs that the job began with.
        """
        fresh = self.output.with_name("fresh")
        self.embed(fresh, overwrite=fresh.exists(), **settings)
        has_names = content_of if has_first_list(self.output) else content_without_keys
        assert has_names(self.output) == has_names(fresh)


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


def has_first_list(output: Path) -> bool:
    """Whether a job has the list of inputs that it began with."""
    return "inputs" not in json.loads((output / "run.json").read_text())


def without_key(name: str) -> str:
    """Return the name of a file of a part without the key."""
    return _KEY.sub("", name)


def files_in(folder: Path) -> list[str]:
    """List the files of a folder without the keys, and without those that only updates write."""
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    others = ("report.html", "changes/", FIRST_LIST)
    return sorted(without_key(name) for name in names if not name.startswith(others))


def content_without_keys(output: Path) -> dict[str, Any]:
    """Return what `content_of` does, without the keys in names, and with the newest list."""
    content = content_of(output)
    manifest = content.pop("manifest")
    names = [file["path"] for part in manifest["parts"] for file in part["files"]]
    files = [(without_key(name), content.pop(name)) for name in names]
    del manifest["run_fingerprint"]
    run = json.loads((output / "run.json").read_text())
    content["configuration"] |= run.get("inputs", {})
    return content | {"files": files, "manifest": without_key(json.dumps(manifest))}


def generation_of(output: Path) -> int:
    manifest = json.loads((output / "manifest.json").read_text())
    return manifest.get("history", {"generation": 1})["generation"]


def receipts_of(output: Path) -> dict[str, int]:
    """Return the time of change of each receipt."""
    return {path.name: path.stat().st_mtime_ns for path in (output / "receipts").glob("*.json")}
