"""Make a random plan and receipts of many parts, without embedding."""

import hashlib
import os
import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from transforms.documents import PartHeader, Source, Split, part_key
from transforms.receipts import Receipt, WrittenFile

_RANGES = 100
_PART_BYTES = 3 << 20
_DOCUMENTS = 10_000
_BEGAN = 1_764_000_000.0
_DRAWN = 1000


def make_splits(parts: int) -> Iterator[Split]:
    """Yield 100 splits of each file, in corpus order; sizes and modification times differ."""
    draw = random.Random(0)  # noqa: S311  (not for secrets)
    for number in range(0, parts, _RANGES):
        size = _RANGES * _PART_BYTES - draw.randrange(_PART_BYTES)
        path = f"gs://corpus/2026-11/articles-{number // _RANGES:06d}.jsonl"
        source = Source(path, size, repr(_BEGAN + draw.random() * 1e6), "jsonl")
        for start in range(0, min(_RANGES, parts - number) * _PART_BYTES, _PART_BYTES):
            yield Split(source, start, min(start + _PART_BYTES, size))


def make_receipt(split: Split, run_fingerprint: str, number: int) -> Receipt:
    """Return a receipt for the part of a split, with random numbers."""
    draw = random.Random(number)  # noqa: S311  (not for secrets)
    end = split.end or 0
    key = part_key(split.source, split.start, end, run_fingerprint)
    header = PartHeader(split.source.path, split.start, end, last=True, key=key)
    documents = _DOCUMENTS + draw.randrange(500)
    wordpieces = documents * 61 + draw.randrange(5000)
    tokens = wordpieces + 2 * documents
    counts = {
        "batches": tokens // 1000,
        "computed_tokens": tokens - draw.randrange(1000),
        "documents": documents,
        "embedded": documents - 1,
        "halved_batches": 0,
        "num_tokens": tokens,
        "num_unknown": draw.randrange(500),
        "num_wordpieces": wordpieces,
        "padded_tokens": tokens + draw.randrange(10_000),
        "pairs": 0,
        "rejected": 1,
        "repeated": draw.randrange(100),
        "repeated_elsewhere": 0,
        "truncated": draw.randrange(1000),
    }
    stages = ("encode", "read", "tokenize", "wait", "write")
    return Receipt(
        source=header.source,
        start=header.start,
        end=end,
        last=True,
        key=key,
        name=header.name,
        counts=counts,
        reasons={"empty": 1},
        seconds={f"{stage}_seconds": round(draw.random() * 9, 6) for stage in stages},
        files=(
            _file(f"pooled/{header.name}.tfrecord", documents - 1, draw),
            _file(f"rejected/{header.name}.jsonl", 1, draw),
        ),
        worker=f"worker-{number % 100:03d}:{1000 + number % 7}",
        finished=_finished(number),
    )


class ReceiptText(NamedTuple):
    """A receipt: the name of its part, its JSON, and the path and size of each file."""

    name: str
    text: str
    files: tuple[tuple[str, int], ...]


def receipt_texts(splits: Iterable[Split], run_fingerprint: str) -> Iterator[ReceiptText]:
    """Yield a receipt for the part of each split.

    The counts of a thousand are drawn, and used in turn, because drawing takes longer than writing.
    """
    drawn: list[tuple[Receipt, str]] = []
    for number, split in enumerate(splits):
        if number < _DRAWN:
            made = make_receipt(split, run_fingerprint, number)
            drawn.append((made, made.to_json()))
        receipt, text = drawn[number % _DRAWN]
        key = part_key(split.source, split.start, split.end or 0, run_fingerprint)
        name = PartHeader(split.source.path, split.start, split.end or 0, last=True, key=key).name
        for before, now in (
            (receipt.key, key),
            (receipt.name, name),
            (receipt.source, split.source.path),
            (f'"start": {receipt.start},', f'"start": {split.start},'),
            (f'"end": {receipt.end},', f'"end": {split.end},'),
            (f'"finished": {receipt.finished},', f'"finished": {_finished(number)},'),
        ):
            text = text.replace(before, now)
        files = ((file.path.replace(receipt.name, name), file.bytes) for file in receipt.files)
        yield ReceiptText(name, text, tuple(files))


def write_empty(path: str, size: int) -> None:
    """Write a file that takes no room on the disk, older than every receipt."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o644)
    os.ftruncate(file, size)
    os.utime(file, (0, 0))
    os.close(file)


def _finished(number: int) -> float:
    return round(_BEGAN + 2e6 + number * 0.2, 3)


def _file(path: str, records: int, draw: random.Random) -> WrittenFile:
    return WrittenFile(path, records, records * 1650, hashlib.sha256(draw.randbytes(8)).hexdigest())
