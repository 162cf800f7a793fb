import io
from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.filesystems import FileSystems

from transforms.io import file_heads, retrying
from transforms.io.remote_stream import without_buffer
from transforms.io.watching import StorageError

CONTENT = bytes(range(256)) * 4096


class Counted(io.BytesIO):
    """A stream that counts what is read from it."""

    read_bytes = 0

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        self.read_bytes += count
        return count


def test_of_a_remote_file_little_is_transferred(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Counted(CONTENT)
    stream = io.BufferedReader(raw, 1 << 24)
    monkeypatch.setattr(FileSystems, "open", lambda *_, **__: stream)
    monkeypatch.setattr(Counted, "read", lambda self, size: _read(self, size))
    opened = file_heads.open_beginning("s3://bucket/key", len(CONTENT))
    assert opened.read(4096) == CONTENT[:4096]
    assert raw.read_bytes == 1 << 16
    opened.seek(0)
    assert opened.read(200_000) == CONTENT[:200_000]


def _read(stream: Counted, size: int) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[: stream.readinto(buffer)])


def test_the_reader_of_google_takes_the_size_of_a_block() -> None:
    class Reader(io.BytesIO):
        _chunk_size = 1 << 24

    reader = Reader(CONTENT)
    assert without_buffer(reader, 99) is reader
    assert reader._chunk_size == 99
    other = io.BytesIO()
    assert without_buffer(other, 99) is other


def test_what_cannot_be_opened_is_a_failure_of_the_storage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionResetError("reset by peer")

    monkeypatch.setattr(retrying, "pause", lambda _: None)
    monkeypatch.setattr(FileSystems, "open", fail)
    with pytest.raises(StorageError, match="reset by peer"):
        file_heads.open_beginning("s3://bucket/key", 9)
    with pytest.raises(StorageError, match="No such file"):
        file_heads.open_beginning(str(tmp_path / "none"), 9)
