import gzip
import io
import os
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.documents import ID, POSITION, REASON, TEXT, Source, Split, header_of, part_key
from transforms.groups import read_split as read_split_module
from transforms.groups.grouping import group_of
from transforms.groups.read_split import SourceError, read_split, read_unchanged
from transforms.io import failures, storage
from transforms.read import ReadParts, _ReadSplit, find_receipt
from transforms.receipts import RECEIPTS, Receipt
from transforms.running.board import Board
from transforms.sources import base
from transforms.sources.base import ReadConfig

CONFIG = ReadConfig(part_bytes=1024)
LINES = [f"line {number} of a text that goes on for a while" for number in range(100)]
TEXT_BYTES = "\n".join(LINES).encode()


def cut_text(source: Source) -> list[Split]:
    return base.find("text").cut(source, lambda: io.BytesIO(), CONFIG)


def source_of(path: Path, compression: str = "none") -> Source:
    return Source(str(path), *storage.identify(str(path)), "text", compression)


def read_all(splits: list[Split], data: bytes) -> list:
    return [part for split in splits for part in read_split(split, io.BytesIO(data), CONFIG, "run")]


def test_splits_and_gzip_give_the_same_parts() -> None:
    plain = Source("a.txt", len(TEXT_BYTES), "1", "text")
    packed = Source("a.txt", 10, "1", "text", "gzip")
    cut = read_all(cut_text(plain), TEXT_BYTES)
    streamed = read_all([Split(packed, 0, None)], gzip.compress(TEXT_BYTES))
    assert [part.column(TEXT).to_pylist() for part in cut] == [
        part.column(TEXT).to_pylist() for part in streamed
    ]
    assert [header_of(part).last for part in streamed] == [False] * (len(streamed) - 1) + [True]
    assert b"\n".join(t for part in cut for t in part.column(TEXT).to_pylist()) == TEXT_BYTES


def test_parts_are_named_by_source_range_and_key() -> None:
    source = Source("some/a b.txt", len(TEXT_BYTES), "1", "text")
    second = read_all(cut_text(source), TEXT_BYTES)[1]
    header = header_of(second)
    assert header.key == part_key(source, 1024, 2048, "run")
    assert header.name == f"a_b-000000001024-{header.key[:32]}"


def test_parts_with_a_receipt_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(TEXT_BYTES)
    splits = cut_text(source_of(file))
    parts = read_all(splits, TEXT_BYTES)
    done = header_of(parts[1])
    receipts = tmp_path / RECEIPTS
    receipts.mkdir()
    counts = {"documents": 0, "embedded": 0, "rejected": 0}
    receipt = Receipt(
        done.source, done.start, done.end, done.last, done.key, done.name, counts, {}, {}, (), "", 0
    )
    (receipts / f"{done.name}.json").write_text(receipt.to_json())
    (receipts / f"{header_of(parts[2]).name}.json").write_text(receipt.to_json()[:40])

    expected = [part.column(ID).to_pylist() for i, part in enumerate(parts) if i != 1]

    def check(actual: list) -> None:
        assert sorted(part.column(ID).to_pylist() for part in actual) == sorted(expected)

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        read = pipeline | beam.Create(splits) | ReadParts(CONFIG, "run", str(tmp_path))
        assert_that(read, check)


@pytest.mark.parametrize("grouped", [False, True])
def test_readers_show_how_far_they_are_where_the_end_is_unknown(
    grouped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    monkeypatch.setattr(read_split_module, "BOARD", board)
    files = [tmp_path / name for name in ("a.gz", "b.gz", "c.gz")[: 3 if grouped else 1]]
    for file in files:
        file.write_bytes(gzip.compress(TEXT_BYTES))
    sources = [source_of(file, "gzip") for file in files]
    split = group_of(sources) if grouped else Split(sources[0], 0, None)
    seen = []
    for part in read_unchanged(split, CONFIG, "run"):
        to = board.snapshot().read[split.source.path]
        assert to.position == header_of(part).end
        seen.append(to.stored)
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1] == sum(source.size for source in sources)


def test_readers_of_known_ranges_show_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    monkeypatch.setattr(read_split_module, "BOARD", board)
    (tmp_path / "a.txt").write_bytes(TEXT_BYTES)
    for split in cut_text(source_of(tmp_path / "a.txt")):
        assert list(read_unchanged(split, CONFIG, "run"))
    assert not board.snapshot().read


def test_a_receipt_of_another_key_does_not_count(tmp_path: Path) -> None:
    part = read_all([Split(Source("a.txt", 3, "1", "text"), 0, 3)], b"one")[0]
    header = header_of(part)
    receipt = Receipt(
        *(header.source, header.start, header.end, header.last, "0" * 64, header.name),
        *({"documents": 0, "embedded": 0, "rejected": 0}, {}, {}, (), "", 0),
    )
    (tmp_path / f"{header.name}.json").write_text(receipt.to_json())
    assert find_receipt(str(tmp_path), part) is None


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_of_a_damaged_gzip_all_that_is_whole_is_read(data: st.DataObject) -> None:
    packed = gzip.compress(TEXT_BYTES, mtime=0)
    cut = data.draw(st.integers(0, len(packed) - 1))
    split = Split(Source("a.txt.gz", cut, "1", "text", "gzip"), 0, None)
    parts = read_all([split], packed[:cut])
    texts = [text for part in parts for text in part.column(TEXT).to_pylist()]
    reasons = [reason for part in parts for reason in part.column(REASON).to_pylist()]
    if cut == 0:
        assert texts == []
        return
    assert reasons == [None] * (len(reasons) - 1) + ["unreadable"]
    whole = [line.encode() for line in LINES][: len(texts) - 1]
    assert texts == [*whole, b""]
    assert parts[-1].column(POSITION)[-1].as_py() == sum(len(line) + 1 for line in whole)
    assert "damaged from here on: " in parts[-1].column("detail")[-1].as_py()
    assert [header_of(part).last for part in parts] == [False] * (len(parts) - 1) + [True]


class _FailsInTheMiddle(io.BytesIO):
    """A disk that returns half a file."""

    def read(self, length: int = -1) -> bytes:
        if self.tell() > len(TEXT_BYTES) // 2:
            raise OSError(5, "Input/output error")
        return super().read(min(length, 1000))


def test_a_file_that_cannot_be_read_keeps_the_parts_before() -> None:
    splits = cut_text(Source("a.txt", len(TEXT_BYTES), "1", "text"))
    good, failed = [], []
    for split in splits:
        try:
            good += read_split(split, _FailsInTheMiddle(TEXT_BYTES), CONFIG, "run")
        except SourceError as error:
            failed.append(str(error))
    assert [header_of(part).start for part in good] == [0, 1024]
    assert set(failed) == {"a.txt cannot be read to its end: [Errno 5] Input/output error"}


def test_a_source_that_is_gone_or_changed_is_noted(tmp_path: Path) -> None:
    names = ("gone.txt", "changed.txt", "longer.txt", "unchanged.txt")
    splits = []
    for name in names:
        (tmp_path / name).write_bytes(b"the cat\n")
        splits.append(Split(source_of(tmp_path / name), 0, 8))
    (tmp_path / "gone.txt").unlink()
    os.utime(tmp_path / "changed.txt", (1, 1))
    with open(tmp_path / "longer.txt", "ab") as file:
        file.write(b"sat\n")
    read = _ReadSplit(CONFIG, "run", str(tmp_path / "out"))
    # A retry of the runner notes the same again.
    parts = [part for split in splits * 2 for part in read.process(split)]
    assert {Path(header_of(part).source).name for part in parts} == {"unchanged.txt"}
    notes = [
        note.removeprefix(f"{tmp_path}/") for note in failures.load_reasons(str(tmp_path / "out"))
    ]
    assert [note.split(":")[0] for note in notes] == [
        "changed.txt has changed since the job was planned",
        "gone.txt cannot be opened",
        "longer.txt has changed since the job was planned",
    ]
    for split in splits[:3]:
        with pytest.raises(SourceError, match=r"has changed|cannot be opened"):
            list(_ReadSplit(CONFIG, "run", None).process(split))


def test_rejects_stay_rows_of_their_part() -> None:
    data = b"good\n\n\xff\xfe\nalso good\n"
    (part,) = read_all([Split(Source("a.txt", len(data), "1", "text"), 0, len(data))], data)
    assert part.column(REASON).to_pylist() == [None, "empty", "not_utf8", None]
