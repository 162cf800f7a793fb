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
