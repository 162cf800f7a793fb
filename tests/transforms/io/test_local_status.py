import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faulty_files import CUT, one_fault
from transforms.io import local_status, storage
from transforms.io.tree_digest import hash_tree

Ask = Callable[[str], object]
QUESTIONS: dict[str, Ask] = {
    "exists": storage.exists,
    "size": storage.size_of,
    "text": storage.read_text,
    "is_folder": local_status.is_folder,
    "delete": storage.delete_file,
    "list": storage.list_folder,
    "hash": lambda path: hash_tree(os.path.dirname(path), [os.path.basename(path)]),
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE])
def test_an_error_is_never_the_answer_that_nothing_is_there(
    name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str, **_: object) -> None:
        raise OSError(number, os.strerror(number), path)

    path = str(tmp_path / "folder")
    os.mkdir(path)
    for function in ("stat", "lstat", "scandir"):
        monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="folder") as raised:
        QUESTIONS[name](path)
    assert raised.value.errno == number


@pytest.mark.parametrize("path", ["gone", "file/below", "x" * 300, "loop"])
def test_nothing_is_there(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    place = str(tmp_path / path)
    assert not storage.exists(place)
    assert storage.size_of(place) is None
    assert storage.read_text(place) is None
    assert not local_status.is_folder(place)
    assert local_status.status_of("a\0b") is None
    if path != "loop":
        storage.delete_file(place)


def test_only_a_file_has_a_size(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("four")
    assert storage.size_of(str(tmp_path / "file")) == 4
    assert storage.size_of(str(tmp_path)) is None


@pytest.mark.parametrize("read", [storage.read_bytes, storage.hash_file])
def test_a_response_that_is_cut_short_is_an_error(read: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 5000)
    path = str(tmp_path / "file")
    undisturbed = read(path)
    with one_fault(0, CUT) as counted:
        assert read(path) == undisturbed
    refused = 0
    for at in range(1, counted.calls + 1):
        with one_fault(at, CUT):
            try:
                assert read(path) == undisturbed
            except OSError as error:
                refused += "of 5,000 bytes" in str(error)
    assert refused
