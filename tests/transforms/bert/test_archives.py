import errno
import gzip
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.transforms.bert.packed_modules import archive, member, write_module
from transforms.bert import archives, model_files
from transforms.caching import model_cache


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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
def test_an_entry_outside_the_folder_is_refused(
    tmp_path: Path, cache: Path, bad: tarfile.TarInfo
) -> None:
    packed = archive(tmp_path / "m.tar.gz", bad)
    with pytest.raises(ValueError, match=r"m\.tar\.gz: cannot be unpacked"):
        model_files.fetch_module(str(packed))
    assert list((cache / "unpacked").iterdir()) == []
    assert not (tmp_path / "outside").exists()
    assert not Path("/tmp/outside-of-beam-bert").exists()


def test_a_bomb_and_a_truncated_archive_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive(tmp_path / "m.tar.gz")
    (tmp_path / "cut.tar.gz").write_bytes(packed.read_bytes()[:60])
    with pytest.raises(ValueError, match="cannot be unpacked"):
        model_files.fetch_module(str(tmp_path / "cut.tar.gz"))
    monkeypatch.setattr(archives, "_MAX_UNPACKED_BYTES", 6)
    with pytest.raises(ValueError, match="it unpacks to over"):
        model_files.fetch_module(str(packed))


@pytest.mark.parametrize("step", ["_extract", "_check_checksum"])
def test_a_full_disk_is_not_a_broken_archive(
    step: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    packed = archive(tmp_path / "m.tar.gz")
    monkeypatch.setattr(archives, step, fail)
    with pytest.raises(OSError, match="No space left on device"):
        model_files.fetch_module(str(packed))
    assert list((cache / "unpacked").iterdir()) == []


def test_implausible_growth_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_SMALL_BYTES", 1 << 20)
    zeros = member("zeros")
    zeros.size = 2 << 20
    with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as tar:
        tar.addfile(zeros, io.BytesIO(bytes(zeros.size)))
    with pytest.raises(ValueError, match="it unpacks to over 1,048,576 bytes"):
        model_files.fetch_module(str(tmp_path / "m.tar.gz"))
    monkeypatch.setattr(archives, "_MAX_GROWTH", 10_000)
    assert model_files.fetch_module(str(tmp_path / "m.tar.gz"))
    monkeypatch.setattr(model_cache, "cache_folder", lambda: tmp_path / "full")
    full = shutil.disk_usage(tmp_path)._replace(free=99)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(ValueError, match="it unpacks to over 99 bytes"):
        model_files.fetch_module(str(tmp_path / "m.tar.gz"))
    assert list((tmp_path / "full/unpacked").iterdir()) == []


def test_bytes_after_the_archive_are_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive(tmp_path / "m.tar.gz")
    packed.write_bytes(packed.read_bytes() + gzip.compress(bytes(5 << 20)))
    monkeypatch.setattr(archives, "_MAX_UNPACKED_BYTES", 100)
    with pytest.raises(ValueError, match="it unpacks to over 100 bytes"):
        model_files.fetch_module(str(packed))


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_MAX_ENTRIES", 5)
    model_files.fetch_module(str(archive(tmp_path / "m.tar.gz", *map(member, "abc"))))
    with pytest.raises(ValueError, match="it has over 5 entries"):
        model_files.fetch_module(str(archive(tmp_path / "n.tar.gz", *map(member, "abcd"))))


def test_a_header_that_would_fill_the_memory_is_not_read(tmp_path: Path) -> None:
    header = member("header", tarfile.XHDTYPE)
    header.size = 4 << 30
    content = header.tobuf(tarfile.USTAR_FORMAT) + bytes(4096)
    (tmp_path / "m.tar.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="a header has an implausible size"):
        model_files.fetch_module(str(tmp_path / "m.tar.gz"))


@pytest.mark.parametrize(
    "headers",
    [
        {"path": "a\0b"},
        {"path": "a/" * 3000},
        {"size": "-5"},
        {"size": "9" * 30},
        {"mtime": "nan"},
        {"mtime": "1e400"},
        {"GNU.sparse.map": "0,a"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9" * 15},
    ],
    ids=str,
)
def test_invalid_headers_are_refused_with_the_archives_name(tmp_path: Path, headers: dict) -> None:
    odd = member("odd")
    odd.pax_headers = headers
    with pytest.raises(ValueError, match=r"`model` .*m\.tar\.gz: cannot be unpacked"):
        model_files.fetch_module(str(archive(tmp_path / "m.tar.gz", odd)))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE], ids=["character", "block"])
def test_a_device_is_refused_with_its_name(tmp_path: Path, kind: bytes) -> None:
    packed = archive(tmp_path / "m.tgz", member("disk", kind))
    with pytest.raises(ValueError, match=r"m\.tgz: .*'disk' is neither a file nor a folder"):
        model_files.fetch_module(str(packed))


def test_an_archive_truncated_anywhere_is_never_unpacked_in_part(tmp_path: Path) -> None:
    whole = archive(tmp_path / "m.tar.gz").read_bytes()
    base = model_files.fingerprint(write_module(tmp_path / "m"))
    refusals = []
    for length in range(0, len(whole), 3):
        cut = tmp_path / "cut.tar.gz"
        cut.write_bytes(whole[:length])
        try:
            unpacked = model_files.fetch_module(str(cut))
        except ValueError as error:
            refusals.append(str(error))
        else:
            assert model_files.fingerprint(unpacked) == base
    assert len(refusals) > len(whole) // 3 // 2
    assert all("cut.tar.gz: cannot be unpacked" in refusal for refusal in refusals)


def stored(path: Path, content: bytes) -> bytearray:
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("saved_model.pb")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return bytearray(gzip.compress(path.read_bytes(), 0))


def test_an_archive_with_a_changed_byte_is_refused(tmp_path: Path) -> None:
    packed = stored(tmp_path / "m.tar", b"weights")
    packed[packed.index(b"weights")] ^= 1
    (tmp_path / "m.tar.gz").write_bytes(packed)
    with pytest.raises(ValueError, match=r"m\.tar\.gz: cannot be unpacked"):
        model_files.fetch_module(str(tmp_path / "m.tar.gz"))


def test_an_archive_with_broken_compression_is_refused(tmp_path: Path) -> None:
    packed = stored(tmp_path / "m.tar", bytes(200_000))
    second_block = 10 + 5 + int.from_bytes(packed[11:13], "little")
    packed[second_block + 1] ^= 1
    (tmp_path / "m.tar.gz").write_bytes(packed)
    with pytest.raises(ValueError, match=r"m\.tar\.gz: cannot be unpacked"):
        model_files.fetch_module(str(tmp_path / "m.tar.gz"))
