import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from transforms.bert import folder

CONTENT = {"saved_model.pb": b"graph", "variables/variables.index": b"index"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write_module(path: Path) -> Path:
    for name, content in CONTENT.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def archive(path: Path, *extra: tarfile.TarInfo, prefix: str = "") -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in CONTENT.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in extra:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    info.size = 4 if kind == tarfile.REGTYPE else 0
    return info


def test_a_fingerprint_is_of_paths_and_bytes_only(tmp_path: Path) -> None:
    one = write_module(tmp_path / "one")
    two = shutil.copytree(one, tmp_path / "deep/two")
    os.utime(two / "saved_model.pb", (1, 1))
    base = folder.fingerprint(one)
    assert folder.fingerprint(two) == base
    (two / "saved_model.pb").write_bytes(b"grapH")
    assert folder.fingerprint(two) != base
    (one / "saved_model.pb").rename(one / "saved_model.pbtxt")
    assert folder.fingerprint(one) != base


@pytest.mark.parametrize("prefix", ["", "./", "module/"])
def test_an_archive_is_unpacked_once_into_the_cache(
    tmp_path: Path, cache: Path, prefix: str
) -> None:
    packed = archive(tmp_path / "m.tar.gz", prefix=prefix)
    unpacked = folder.resolve(str(packed))
    assert cache in unpacked.parents
    assert folder.fingerprint(unpacked) == folder.fingerprint(write_module(tmp_path / "m"))
    (unpacked / "mark").touch()
    assert (folder.resolve(str(packed)) / "mark").exists()


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside"),
        member("a/../../outside"),
        member("/tmp/outside-of-beam-bert"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("hard", tarfile.LNKTYPE, "saved_model.pb"),
        member("pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda info: info.name,
)
def test_an_archive_that_reaches_outside_is_refused(
    tmp_path: Path, cache: Path, bad: tarfile.TarInfo
) -> None:
    packed = archive(tmp_path / "m.tar.gz", bad)
    with pytest.raises(ValueError, match=r"m\.tar\.gz: cannot be unpacked"):
        folder.resolve(str(packed))
    assert list((cache / "unpacked").iterdir()) == []
    assert not (tmp_path / "outside").exists()
    assert not Path("/tmp/outside-of-beam-bert").exists()


def test_a_bomb_and_a_cut_archive_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive(tmp_path / "m.tar.gz")
    (tmp_path / "cut.tar.gz").write_bytes(packed.read_bytes()[:60])
    with pytest.raises(ValueError, match="cannot be unpacked"):
        folder.resolve(str(tmp_path / "cut.tar.gz"))
    monkeypatch.setattr(folder, "_MAX_UNPACKED_BYTES", 6)
    with pytest.raises(ValueError, match="it unpacks to over"):
        folder.resolve(str(packed))


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no such folder or \.tar\.gz"):
        folder.resolve(str(tmp_path / "none"))
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="no such folder"):
        folder.resolve(str(tmp_path / "file"))


def test_a_remote_folder_is_copied_into_the_cache(tmp_path: Path, cache: Path) -> None:
    remote = write_module(tmp_path / "bucket")
    copied = folder._copy_remote(str(remote))
    assert cache in copied.parents
    assert folder.fingerprint(copied) == folder.fingerprint(remote)
    with pytest.raises(ValueError, match="cannot be fetched"):
        folder.resolve("file:///nowhere/at/all")
