import os
from pathlib import Path

import pytest

from transforms.documents import PartHeader
from transforms.running import publishing
from transforms.running.board import Board, Snapshot

HEADER = PartHeader("a.txt", 0, 1000, True, "key")


def test_a_part_is_on_the_board_while_its_block_runs() -> None:
    board = Board()
    with board.running(HEADER, 50, 1000) as set_share:
        set_share(0.25)
        (part,) = board.snapshot().parts
        assert (part.name, part.documents, part.tokens, part.share) == (HEADER.name, 50, 1000, 0.25)
    assert board.snapshot() == Snapshot()
    with pytest.raises(MemoryError), board.running(HEADER, 50, 1000):
        raise MemoryError
    assert board.snapshot() == Snapshot()


def test_only_the_sources_that_were_read_last_are_remembered() -> None:
    board = Board()
    for number in range(1000):
        board.note_read(f"{number}.gz", 10, 5)
    assert list(board.snapshot().read)[-1] == "999.gz"
    assert len(board.snapshot().read) < 100


def test_a_worker_publishes_what_another_process_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(publishing.FOLDER, str(tmp_path))
    monkeypatch.setattr(publishing, "_SECONDS", 0.0)
    board = Board()
    publishing.publish(board)
    board.note_read("b.gz", 3000, 600)
    with board.running(HEADER, 50, 1000) as set_share:
        set_share(0.5)
        assert publishing.read_published(tmp_path) == board.snapshot()
        (tmp_path / "7.json").write_text('{"parts": [{"name": 7}]}')
        (tmp_path / "8.json").write_text("{")
        assert publishing.read_published(tmp_path) == board.snapshot()
    assert publishing.read_published(tmp_path).parts == ()
    assert sorted(os.listdir(tmp_path)) == sorted([f"{os.getpid()}.json", "7.json", "8.json"])


def test_a_worker_that_cannot_publish_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(publishing.FOLDER, str(tmp_path / "gone"))
    board = Board()
    publishing.publish(board)
    with board.running(HEADER, 50, 1000) as set_share:
        set_share(0.5)
    assert publishing.read_published(tmp_path / "gone") == Snapshot()
