"""The number of a generation, from what a folder has."""

import hashlib
import json
from pathlib import Path

import pytest

from pipeline.generations import kept_files, numbers

OLD, NEW, OTHER = (hashlib.sha256(text).hexdigest() for text in (b"old", b"new", b"other"))


class Folder:
    """An output folder with manifests that have nothing but their history."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, generation: int, plan: str = "") -> None:
        (self.path / name).parent.mkdir(exist_ok=True)
        entry = {"generation": generation, "plan": plan} if generation > 1 else None
        text = {"format_version": 3} | ({"history": entry} if entry else {})
        (self.path / name).write_text(json.dumps(text))

    def keep(self, generation: int, plan: bytes) -> None:
        self.write(kept_files.manifest_of(generation), generation, hashlib.sha256(plan).hexdigest())
        (self.path / kept_files.plan_of(generation)).write_bytes(plan)

    def number(self, plan: str, *run: object, is_update: bool = False) -> int:
        return numbers.generation_of_plan(str(self.path), plan, *run, is_update=is_update)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_an_unfinished_generation_keeps_its_number(folder: Folder) -> None:
    assert folder.number(NEW) == 1
    assert folder.number(NEW, OLD, 1, is_update=True) == 1
    folder.keep(1, b"old")
    folder.write("manifest.json", 1)
    assert folder.number(NEW, OTHER, 2, is_update=True) == 2


def test_a_published_number_is_not_given_again(folder: Folder) -> None:
    folder.write("manifest.json", 1)
    assert folder.number(OLD, OLD, 1) == 1
    assert folder.number(NEW, OLD, 1, is_update=True) == 2
    # Without an update another plan was proved to be that of the folder.
    assert folder.number(NEW, OLD, 1) == 1
    assert folder.number(NEW) == 1


@pytest.mark.parametrize("name", ["manifest.json", "manifest.json.withdrawn"])
def test_the_plan_of_a_published_generation_has_its_number(name: str, folder: Folder) -> None:
    folder.keep(1, b"old")
    folder.write(name, 2, NEW)
    assert folder.number(OTHER, NEW, 2, is_update=True) == 3
    assert folder.number(NEW, OTHER, 3, is_update=True) == 2
    # run.json is lost.
    assert folder.number(NEW) == 2
    assert folder.number(OTHER) == 3


def test_a_kept_plan_decides_where_the_manifest_says_nothing(folder: Folder) -> None:
    folder.keep(1, b"old")
    folder.write("manifest.json", 1)
    # A call was killed after it had written plan.jsonl.
    assert folder.number(NEW, OLD, 1) == 2
    assert folder.number(OLD, OTHER, 2, is_update=True) == 1


def test_a_damaged_manifest_counts_as_that_of_run_json(folder: Folder) -> None:
    (folder.path / "manifest.json").write_text("{")
    assert folder.number(NEW, OLD, 7, is_update=True) == 8


def test_names_of_kept_files(folder: Folder) -> None:
    folder.keep(1, b"old")
    folder.keep(1234567, b"new")
    (folder.path / kept_files.replaced_plan_of(2, OLD)).touch()
    (folder.path / "manifests/notes.json").touch()
    (folder.path / "manifests/7.json").touch()
    assert kept_files.kept_generations(str(folder.path)) == [1, 1234567]
    plans = kept_files.kept_plans(str(folder.path))
    assert sorted(plans.values()) == [1, 2, 1234567]
    assert [plans[path] for path in plans if kept_files.is_replaced(path)] == [2]
    with pytest.raises(ValueError, match="has no generation 2; it has 1, 1234567"):
        kept_files.manifest_in(str(folder.path), 2)
