"""The cache returns what was stored, or nothing: never what is damaged or what others may write."""

import os
import threading
from pathlib import Path

import pytest

from transforms.caching import entry_names, start_cache

CONTENT = bytes(range(256)) * 10


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "parent" / "start"
    monkeypatch.setenv(start_cache.VARIABLE, str(place))
    return place


def entry(folder: Path, name: str) -> Path:
    return folder / f"{name}{start_cache.SUFFIX}"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(start_cache.SUFFIX) for path in folder.iterdir())


@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_an_entry_is_what_was_stored(folder: Path, content: bytes) -> None:
    assert start_cache.load("a") is None
    start_cache.store("a", content)
    assert start_cache.load("a") == content
    assert start_cache.load("b") is None
    assert names_in(folder) == ["a"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_every_damage_is_found(folder: Path) -> None:
    start_cache.store("a", CONTENT)
    whole = entry(folder, "a").read_bytes()
    for place in (0, 40, 63, 64, 100, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        entry(folder, "a").write_bytes(damaged)
        assert start_cache.load("a") is None
    for length in (0, 10, 64, len(whole) - 1):
        entry(folder, "a").write_bytes(whole[:length])
        assert start_cache.load("a") is None
    start_cache.store("a", CONTENT)
    assert start_cache.load("a") == CONTENT


def test_what_others_may_write_is_not_used(folder: Path, tmp_path: Path) -> None:
    start_cache.store("a", CONTENT)
    for mode in (0o720, 0o702, 0o777):
        folder.chmod(mode)
        assert start_cache.load("a") is None
        assert "other users may write to it" in start_cache.why_unusable()
        start_cache.store("b", CONTENT)
        folder.chmod(0o700)
        assert not entry(folder, "b").exists()
    assert start_cache.why_unusable() == ""
    entry(folder, "a").chmod(0o666)
    assert start_cache.load("a") is None
    entry(folder, "a").chmod(0o600)
    entry(folder, "link").symlink_to(entry(folder, "a"))
    assert start_cache.load("link") is None
    assert start_cache.load("a") == CONTENT
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert start_cache.load("a") is None


def test_a_pipe_in_the_place_of_an_entry_is_not_waited_for(folder: Path) -> None:
    start_cache.store("a", CONTENT)
    os.mkfifo(entry(folder, "b"))
    assert start_cache.load("b") is None


@pytest.mark.usefixtures("folder")
def test_folders_of_other_users_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    start_cache.store("a", CONTENT)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert start_cache.load("a") is None


@pytest.mark.parametrize("place", ["/proc/none/start", "/dev/null/start", "off"])
def test_without_a_usable_folder_nothing_is_kept(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(start_cache.VARIABLE, place)
    start_cache.store("a", CONTENT)
    assert start_cache.load("a") is None
    assert bool(start_cache.why_unusable()) == (place != "off")


def test_the_default_is_in_the_cache_of_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(start_cache.VARIABLE)
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path))
    assert start_cache.place() == str(tmp_path / "start")
    start_cache.use("off")
    assert start_cache.place() is None
    monkeypatch.chdir(tmp_path)
    start_cache.use("here")
    assert start_cache.place() == str(tmp_path / "here")


def test_a_machine_without_a_home_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (start_cache.VARIABLE, "BEAM_BERT_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert start_cache.place() is None


def test_readers_see_whole_entries_while_others_write(folder: Path) -> None:
    start_cache.store("a", CONTENT)
    seen: list[bytes | None] = []
    done = threading.Event()

    def write(number: int) -> None:
        for _ in range(20):
            start_cache.store("a", bytes([number]) * 50_000)

    def read() -> None:
        while not done.is_set():
            seen.append(start_cache.load("a"))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=[number]) for number in range(3)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert set(seen) <= {CONTENT, *(bytes([number]) * 50_000 for number in range(3))}
    assert names_in(folder) == ["a"]


def test_what_was_not_used_for_the_longest_time_is_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_cache, "_MOST_BYTES", 3000)
    for age, name in enumerate("abc"):
        start_cache.store(name, bytes(900))
        os.utime(entry(folder, name), (age, age))
    # A file that somebody else keeps in this folder.
    (folder / "thesis.txt").write_bytes(bytes(9000))
    os.utime(folder / "thesis.txt", (0, 0))
    assert start_cache.load("a") == bytes(900)
    start_cache.store("d", bytes(900))
    assert names_in(folder) == ["a", "c", "d", "thesis.txt"]
    start_cache.store("e", bytes(4000))
    assert start_cache.load("e") is None


def test_a_name_follows_from_all_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    name = entry_names.name_entry("kind", "a", 1)
    assert name == entry_names.name_entry("kind", "a", 1)
    assert name.startswith("kind-")
    others = {
        entry_names.name_entry(*parts)
        for parts in (("kin", "a", 1), ("kind", "a", 2), ("kind", "a1"), ("kind", "a", "1"))
    }
    monkeypatch.setattr(entry_names, "_versions", lambda: ("another",))
    others.add(entry_names.name_entry("kind", "a", 1))
    monkeypatch.undo()
    monkeypatch.setattr(entry_names, "_code", lambda: "another")
    others.add(entry_names.name_entry("kind", "a", 1))
    assert len(others - {name}) == 6
