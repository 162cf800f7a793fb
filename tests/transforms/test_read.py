import gzip
import io
import re
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from transforms.documents import ID, REASON, TEXT, Source, Split, header_of, part_key
from transforms.read import ReadParts, _ReadSplit, load_receipt, read_split
from transforms.receipts import Receipt
from transforms.sources import base
from transforms.sources.base import ReadConfig

CONFIG = ReadConfig(part_bytes=1024)
LINES = [f"line {number} of a text that goes on for a while" for number in range(100)]
TEXT_BYTES = "\n".join(LINES).encode()


def source_of(path: Path, compression: str = "none") -> Source:
    return Source(str(path), path.stat().st_size, "1", "text", compression)


def read_all(splits: list[Split], data: bytes) -> list:
    return [part for split in splits for part in read_split(split, io.BytesIO(data), CONFIG, "run")]


def test_splits_and_gzip_give_the_same_parts() -> None:
    plain = Source("a.txt", len(TEXT_BYTES), "1", "text")
    packed = Source("a.txt", 10, "1", "text", "gzip")
    cut = read_all(base.find("text").cut(plain, 1024), TEXT_BYTES)
    streamed = read_all([Split(packed, 0, None)], gzip.compress(TEXT_BYTES))
    assert [part.column(TEXT).to_pylist() for part in cut] == [
        part.column(TEXT).to_pylist() for part in streamed
    ]
    assert [header_of(part).last for part in streamed] == [False] * (len(streamed) - 1) + [True]
    assert b"\n".join(t for part in cut for t in part.column(TEXT).to_pylist()) == TEXT_BYTES


def test_parts_are_named_by_source_range_and_key() -> None:
    source = Source("some/a b.txt", len(TEXT_BYTES), "1", "text")
    second = read_all(base.find("text").cut(source, 1024), TEXT_BYTES)[1]
    header = header_of(second)
    assert header.key == part_key(source, 1024, 2048, "run")
    assert header.name == f"a_b-000000001024-{header.key[:12]}"


def test_parts_with_a_receipt_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(TEXT_BYTES)
    splits = base.find("text").cut(source_of(file), 1024)
    parts = read_all(splits, TEXT_BYTES)
    done = header_of(parts[1])
    receipts = tmp_path / "receipts"
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
        read = pipeline | beam.Create(splits) | ReadParts(CONFIG, "run", str(receipts))
        assert_that(read, check)


def test_a_receipt_of_another_key_does_not_count(tmp_path: Path) -> None:
    part = read_all([Split(Source("a.txt", 3, "1", "text"), 0, 3)], b"one")[0]
    header = header_of(part)
    receipt = Receipt(
        *(header.source, header.start, header.end, header.last, "0" * 64, header.name),
        *({"documents": 0, "embedded": 0, "rejected": 0}, {}, {}, (), "", 0),
    )
    (tmp_path / f"{header.name}.json").write_text(receipt.to_json())
    assert load_receipt(str(tmp_path), part) is None


def test_a_gzip_that_is_cut_short_or_broken_is_named(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT_BYTES)
    broken = bytearray(packed)
    broken[len(packed) // 2] ^= 0xFF
    for name, content in (("cut.txt.gz", packed[:-12]), ("broken.txt.gz", bytes(broken))):
        file = tmp_path / name
        file.write_bytes(content)
        split = Split(source_of(file, "gzip"), 0, None)
        with pytest.raises(OSError, match=rf"{re.escape(name)} cannot be read to its end"):
            list(_ReadSplit(CONFIG, "run", None).process(split))
        with pytest.raises(OSError, match=rf"{re.escape(name)} cannot be read to its end"):
            list(read_split(split, io.BytesIO(content), CONFIG, "run"))


def test_rejects_stay_rows_of_their_part() -> None:
    data = b"good\n\n\xff\xfe\nalso good\n"
    (part,) = read_all([Split(Source("a.txt", len(data), "1", "text"), 0, len(data))], data)
    assert part.column(REASON).to_pylist() == [None, "empty", "not_utf8", None]
