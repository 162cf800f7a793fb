import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from apache_beam.io.filesystems import FileSystems

from transforms.io import durable, storage


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is forced to disk and renamed, by its last name, in order."""
    done: list[str] = []
    force, rename = os.fsync, FileSystems.rename

    def note_force(descriptor: int) -> None:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        done.append("file" if len(name) == 32 else name)
        force(descriptor)

    def note_rename(sources: list[str], targets: list[str]) -> None:
        done.append("rename")
        rename(sources, targets)

    monkeypatch.setattr(os, "fsync", note_force)
    monkeypatch.setattr(FileSystems, "rename", note_rename)
    return done


def test_a_file_is_on_disk_before_it_has_its_name_and_then_its_name_is(
    tmp_path: Path, steps: list[str]
) -> None:
    out = tmp_path / "out"
    storage.write_text(str(out), "pooled/a", "text")
    assert steps == [tmp_path.name, "out", "file", "out", "rename", "pooled"]
    steps.clear()
    storage.write_text(str(out), "pooled/a", "text")
    assert steps == ["file", "rename", "pooled"]


def test_of_a_tree_all_files_and_folders_are_written_to_disk(
    tmp_path: Path, steps: list[str]
) -> None:
    for name in ("tree/variables/data", "tree/variables/index", "tree/assets/a/b", "tree/graph"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "tree/empty").mkdir()
    durable.force_tree(str(tmp_path / "tree"))
    assert sorted(steps[:-2]) == [
        "a",
        "assets",
        "b",
        "data",
        "empty",
        "graph",
        "index",
        "variables",
    ]
    assert steps[-2:] == ["tree", tmp_path.name]
    assert steps.index("data") < steps.index("variables")
    assert steps.index("b") < steps.index("a") < steps.index("assets")


def test_a_folder_gets_its_name_with_all_its_files(
    tmp_path: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def note_replace(source: str, target: str) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "replace", note_replace)
    for name in ("new/file", "there/file"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    with pytest.raises(OSError, match="not empty"):
        durable.install_folder(str(tmp_path / "new"), str(tmp_path / "there"))
    steps.clear()
    (tmp_path / "there/file").unlink()
    durable.install_folder(str(tmp_path / "new"), str(tmp_path / "there"))
    assert steps == ["file", "new", tmp_path.name, "rename", tmp_path.name]
    assert (tmp_path / "there/file").exists()


def fail(number: int) -> Callable[[int], None]:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return fsync


def test_an_error_of_the_disk_is_raised_and_a_missing_feature_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "fsync", fail(errno.EIO))
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(OSError, match="Input/output error"):
            durable.force_to_disk(str(path))
    monkeypatch.setattr(os, "fsync", fail(errno.EINVAL))
    durable.force_to_disk(str(tmp_path))
    with pytest.raises(OSError, match="Invalid argument"):
        durable.force_to_disk(str(tmp_path / "file"))


def test_folders_are_created_once_and_told(tmp_path: Path) -> None:
    inner = tmp_path / "a/b/c"
    expected = [str(inner), str(tmp_path / "a/b"), str(tmp_path / "a")]
    assert durable.make_folder(str(inner)) == expected
    assert durable.make_folder(str(inner)) == []
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        durable.make_folder(str(tmp_path / "broken"))


def test_an_object_store_has_no_folders_and_needs_no_forcing() -> None:
    durable.force_to_disk("s3://bucket/out")
    durable.force_tree("s3://bucket/out")
    assert durable.make_folder("s3://bucket/out") == []
