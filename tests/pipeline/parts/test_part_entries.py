"""A large manifest is read a few parts at a time, to the same parts."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import manifest
from pipeline.parts.manifest_text import manifest_text
from pipeline.parts.part_entries import split_entries
from pipeline.parts.part_progress import Progress
from pipeline.releases.format_check import OtherReleaseError
from tests.pipeline.parts.drawn_receipts import receipts
from tests.pipeline.test_manifest import DONE


class Named(msgspec.Struct):
    name: str
    source: str


@settings(max_examples=25)
@given(st.lists(receipts(), min_size=1, max_size=5), st.integers(1, 300))
def test_entries_are_those_of_the_whole_however_it_is_cut(parts: list, size: int) -> None:
    text = "".join(manifest_text(Progress(parts, (), 0), "run", {"generation": 2})).encode()
    blocks = [text[first : first + size] for first in range(0, len(text), size)]
    head, *arrays = split_entries(blocks)
    whole = json.loads(text)
    assert [part for array in arrays for part in json.loads(array)] == whole.pop("parts")
    del whole["sources"]
    assert json.loads(head) == whole
    with pytest.raises(ValueError, match="truncated"):
        list(split_entries([text[:-1]]))


def written(folder: Path) -> Path:
    progress = Progress(DONE, (), 0)
    manifest.write_manifest(str(folder), progress, "run")
    return folder / "manifest.json"


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "_LARGE", 0)


@pytest.mark.parametrize("indent", [1, None])
def test_parts_are_read_whatever_the_layout(tmp_path: Path, indent: int | None) -> None:
    path = written(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=indent))
    read = list(manifest.iterate_parts(str(tmp_path), Named))
    assert read == [Named(part.name, part.source) for part in DONE]


def test_damage_and_other_releases_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    text = path.read_text()
    path.write_text(text.replace('"name"', '"other"'))
    with pytest.raises(ValueError, match=r"manifest\.json is damaged: .*`name`"):
        list(manifest.iterate_parts(str(tmp_path), Named))
    path.write_text(text.replace('"format_version": 3', '"format_version": 99'))
    with pytest.raises(OtherReleaseError):
        list(manifest.iterate_parts(str(tmp_path), Named))
