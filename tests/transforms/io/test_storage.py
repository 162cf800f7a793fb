import os
import uuid
from pathlib import Path

import pytest

from transforms.io import storage


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
    assert len(storage.hash_file(str(folder / "a.json"))) == 64


@pytest.mark.parametrize("path", ["", ".", "a/.", "a//b", "a\0b", "a\ud800", "a" * 5000 + "/../b"])
def test_what_is_no_path_of_a_file_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="points outside the folder") as refused:
        storage.within(str(tmp_path), path)
    assert len(str(refused.value)) < 300


def test_paths_of_a_remote_folder_are_held_to_the_same_rules() -> None:
    assert storage.within("gs://bucket/out", "pooled/a") == "gs://bucket/out/pooled/a"
    for path in ("../a", "/a", "gs://other/a", "pooled/../../a"):
        with pytest.raises(ValueError, match="points outside the folder"):
            storage.within("gs://bucket/out", path)


def test_a_planted_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out/pooled").mkdir(parents=True)
    (tmp_path / "out/pooled/a").symlink_to(tmp_path / "precious")
    storage.write_text(str(tmp_path / "out"), "pooled/a", "new")
    assert (tmp_path / "out/pooled/a").read_text() == "new"
    assert not (tmp_path / "out/pooled/a").is_symlink()
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_link_at_a_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guessed = uuid.uuid4()
    monkeypatch.setattr(uuid, "uuid4", lambda: guessed)
    (tmp_path / "out/tmp").mkdir(parents=True)
    (tmp_path / "out/tmp" / guessed.hex).symlink_to(tmp_path / "precious")
    with pytest.raises(FileExistsError):
        storage.write_text(str(tmp_path / "out"), "pooled/a", "new")
    assert not (tmp_path / "precious").exists()


@pytest.mark.parametrize("name", ["pooled", "tmp"])
def test_nothing_is_written_into_a_folder_that_is_a_link(name: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=f"'{name}' points outside the folder"):
        storage.write_text(str(tmp_path / "out"), "pooled/a", "new")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_links_and_pipes_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    storage.check_no_links(str(tmp_path), ["file", "folder", "missing"])
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(ValueError, match="link is a symbolic link"):
        storage.check_no_links(str(tmp_path), ["file", "link"])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe is neither a file nor a folder"):
        storage.check_no_links(str(tmp_path), ["pipe"])


def test_links_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert list(storage.list_folder(str(tmp_path))) == ["file"]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_gets_a_second_name(
    has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("content")
    if not has_links:

        def refuse(*_: object) -> None:
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr("os.link", refuse)
    (tmp_path / "b").write_text("of before")
    for target in ("b", "b", "new/b"):
        storage.duplicate(str(tmp_path), "a", target)
        assert (tmp_path / target).read_text() == "content"
        assert (tmp_path / target).samefile(tmp_path / "a") == has_links
    assert list((tmp_path / storage.TEMPORARY).iterdir()) == []
    # A file is replaced, not changed: its other name keeps the content.
    storage.write_text(str(tmp_path), "a", "other")
    assert (tmp_path / "b").read_text() == "content"
    with pytest.raises(ValueError, match="points outside the folder"):
        storage.duplicate(str(tmp_path), "a", "../b")
