import os
from pathlib import Path

import pytest

from transforms import storage


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    final = tmp_path / "pooled/a.tfrecord"
    with storage.atomic_write(str(tmp_path), "pooled/a.tfrecord") as file:
        file.write(b"half")
        assert not final.exists()
        file.write(b" and half")
    assert final.read_bytes() == b"half and half"

    def interrupted() -> None:
        with storage.atomic_write(str(tmp_path), "pooled/b.tfrecord") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in (tmp_path / "pooled").iterdir()] == ["a.tfrecord"]
    assert list((tmp_path / storage.TEMPORARY).iterdir()) == []


def test_two_attempts_at_once_end_in_one_file(tmp_path: Path) -> None:
    with storage.atomic_write(str(tmp_path), "a") as one:
        one.write(b"same")
        with storage.atomic_write(str(tmp_path), "a") as other:
            other.write(b"same")
    assert (tmp_path / "a").read_bytes() == b"same"
    assert list((tmp_path / storage.TEMPORARY).iterdir()) == []


def test_a_missing_text_is_none_and_a_written_one_comes_back(tmp_path: Path) -> None:
    assert storage.read_text(str(tmp_path / "run.json")) is None
    storage.write_text(str(tmp_path), "run.json", "naïve ☃")
    assert storage.read_text(str(tmp_path / "run.json")) == "naïve ☃"


def test_a_file_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    force, rename = os.fsync, storage.FileSystems.rename
    monkeypatch.setattr(os, "fsync", lambda number: steps.append("force") or force(number))
    monkeypatch.setattr(
        storage.FileSystems, "rename", lambda *paths: steps.append("rename") or rename(*paths)
    )
    storage.write_text(str(tmp_path), "a", "text")
    assert steps == ["force", "rename"]


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../a", "a/../../b", "a\0b", "gs://b/c", "out/x"]
)
def test_a_path_that_leads_out_of_the_folder_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/out").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="points outside the folder"):
        storage.within(str(tmp_path / "in"), path)
    assert storage.within(str(tmp_path / "in"), "pooled/a") == str(tmp_path / "in/pooled/a")
    if path.startswith("out"):
        return
    with pytest.raises(ValueError, match="points outside the folder"):
        storage.within("gs://bucket/out", path)
    assert storage.within("gs://bucket/out", "pooled/a") == "gs://bucket/out/pooled/a"


def test_a_folder_is_listed_whatever_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*"
    assert storage.list_folder(str(folder)) == {}
    (folder / "inner").mkdir(parents=True)
    for name in ("b.json", "a.json", "[x]"):
        (folder / name).write_text(name)
    listed = storage.list_folder(str(folder))
    assert list(listed) == ["[x]", "a.json", "b.json"]
    assert listed["a.json"].size_in_bytes == 6
    assert storage.identify(str(folder / "a.json")) == (6, storage.version_of(listed["a.json"]))
    assert len(storage.sha256_of(str(folder / "a.json"))) == 64
