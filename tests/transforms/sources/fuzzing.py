"""Mutate files of every binary format, read them, and check what a reader promises.

    python -m tests.transforms.sources.fuzzing --files 20000

No mutated file may end this process, hang it or take much memory. Its ranges follow each other to
their end, every document is embedded or rejected, and what stands before the mutation is unchanged.
"""

import bz2
import dataclasses
import gzip
import io
import json
import lzma
import random
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import google_crc32c
import pyarrow as pa
from pyarrow import parquet

from tests import fuzz_runs
from tests.mutations import mutate
from tests.transforms.decoding.hostile_parquet import write
from transforms.documents import POSITION, REASON, TEXT, Source, Split
from transforms.io.decompressing import zstd
from transforms.io.tfrecord_framing import frame
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig

CONFIG = ReadConfig(part_bytes=1024, max_document_bytes=1 << 16)
# More than this process may grow while it reads, whatever the files claim.


class Sample(NamedTuple):
    """A sound file.

    Attributes:
        source: its name, format and compression.
        data: its bytes.
        texts: its documents.
        sound_until: from the first and the last place that are mutated to the number of documents
            before them that do not depend on what follows.
        is_exact: whether all of them are read. A decompressor drops what it has not yet given out.
    """

    source: Source
    data: bytes
    texts: list[bytes]
    sound_until: Callable[[int, int], int]
    is_exact: bool = True


def make(kind: str, chance: random.Random) -> Sample:
    """Make a sound file of a format or compression."""
    words = [f"word{number}" for number in range(300)]
    texts = [
        " ".join(chance.choices(words, k=chance.randrange(1, 60))).encode()
        for _ in range(chance.randrange(1, 60))
    ]
    return _MAKERS[kind](texts, chance)


def _parquet(texts: list[bytes], chance: random.Random) -> Sample:
    table = pa.table({"text": [text.decode() for text in texts], "n": range(len(texts))})
    if chance.random() < 0.3:
        table = table.set_column(0, "text", table["text"].dictionary_encode())
    data = write(
        table,
        chance.choice([3, 20, 100]),
        compression=chance.choice(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
        use_dictionary=chance.random() < 0.5,
        data_page_version=chance.choice(["1.0", "2.0"]),
        data_page_size=chance.choice([64, 1 << 20]),
        write_page_index=chance.random() < 0.3,
        store_schema=chance.random() < 0.5,
    )
    metadata = parquet.read_metadata(io.BytesIO(data))
    ends = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [group.column(index) for index in range(group.num_columns)]
        starts = [chunk.dictionary_page_offset or chunk.data_page_offset for chunk in chunks]
        sizes = [chunk.total_compressed_size for chunk in chunks]
        ends.append((max(map(sum, zip(starts, sizes, strict=True))), group.num_rows))
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")

    def sound_until(first: int, last: int) -> int:
        # A footer that changes may change what all rows mean.
        return sum(rows for end, rows in ends if end <= first) if last < footer else 0

    return Sample(Source("a.parquet", len(data), "1", "parquet"), data, texts, sound_until)


def _tfrecord(texts: list[bytes], _: random.Random) -> Sample:
    records = [_example(text) for text in texts]
    data = frame(pa.array(records, pa.large_binary()))
    ends = [0]
    for record in records:
        ends.append(ends[-1] + len(record) + 16)

    def sound_until(first: int, _: int) -> int:
        return sum(end <= first for end in ends[1:])

    return Sample(Source("a.tfrecord", len(data), "1", "tfrecord"), data, texts, sound_until)


def _example(text: bytes) -> bytes:
    from tensorflow.core.example import example_pb2

    example = example_pb2.Example()
    example.features.feature["text"].bytes_list.value.append(text)
    content: bytes = example.SerializeToString()
    return content


def _compressed(
    name: str, compress: Callable[[bytes], bytes], decompressor: Callable[[], object]
) -> Callable[[list[bytes], random.Random], Sample]:
    def sample(texts: list[bytes], _: random.Random) -> Sample:
        data = compress(b"".join(text + b"\n" for text in texts))

        def sound_until(first: int, _: int) -> int:
            # A compressor may hold back what it has read: as many lines as surely come before.
            before = decompressor().decompress(data[: max(0, first - 8)])  # type: ignore[attr-defined]
            return max(0, before.count(b"\n") - 1)

        source = Source("a.txt", len(data), "1", "text", compression=name)
        return Sample(source, data, texts, sound_until, is_exact=False)

    return sample


def _gunzip() -> object:
    return zlib.decompressobj(wbits=31)


def _json(texts: list[bytes], chance: random.Random) -> Sample:
    rows = [{"id": number, "text": text.decode()} for number, text in enumerate(texts)]
    data = json.dumps(rows, indent=chance.choice([None, 0, 2])).encode()

    def sound_until(first: int, _: int) -> int:
        return data.count(b"}", 0, first)

    return Sample(Source("a.json", len(data), "1", "json", whole=True), data, texts, sound_until)


_MAKERS: dict[str, Callable[[list[bytes], random.Random], Sample]] = {
    "parquet": _parquet,
    "tfrecord": _tfrecord,
    "gzip": _compressed("gzip", gzip.compress, _gunzip),
    "bzip2": _compressed("bzip2", bz2.compress, bz2.BZ2Decompressor),
    "json": _json,
    "xz": _compressed("xz", lzma.compress, lzma.LZMADecompressor),
    "zlib": _compressed("zlib", zlib.compress, zlib.decompressobj),
    "zstd": _compressed("zstd", zstd.compress, zstd.ZstdDecompressor),
}
KINDS = tuple(_MAKERS)


def with_checksum(data: bytes, chance: random.Random) -> bytes:
    """Return a TFRecord of one record with any length, whose checksum is right."""
    length = chance.choice([2**63, 2**40, 2**31, len(data) + 1]).to_bytes(8, "little")
    crc = google_crc32c.value(length)
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return length + masked.to_bytes(4, "little") + data


def read(source: Source, data: bytes) -> list[tuple[bytes, str | None]]:
    """Read a file as a job does; return the text of each document, and why it is rejected.

    Raises:
        ValueError: the file is refused when the job is planned.
        AssertionError: a promise is broken.
    """
    source = dataclasses.replace(source, size=len(data))
    splits = base.find(source.format).cut(source, lambda: io.BytesIO(data), CONFIG)
    return [document for split in splits for document in _read_split(split, data)]


def _read_split(split: Split, data: bytes) -> Iterator[tuple[bytes, str | None]]:
    stream = opening.readable(io.BytesIO(data), split.source, CONFIG)
    end, is_last = split.start, False
    for part in base.find(split.source.format).read(split, stream, CONFIG):
        assert part.start == end, "a gap between parts"
        assert not is_last, "a part after the last"
        end, is_last = part.end, part.last
        columns = part.documents.to_pydict()
        positions = columns[POSITION]
        assert positions == sorted(set(positions)), "documents that are not in order"
        assert not positions or part.start <= positions[0], "a document before its part"
        assert not positions or positions[-1] < part.end, "a document after its part"
        yield from zip(columns[TEXT], columns[REASON], strict=True)
    assert is_last, "no part is the last"
    assert split.end is None or end == split.end, "parts do not cover the split"


def check(kind: str, seed: int) -> str:
    """Read a mutated file; return what became of it.

    Raises:
        AssertionError: a promise is broken.
    """
    chance = random.Random(f"{kind} {seed}")
    sample = make(kind, chance)
    data, first, last = mutate(sample.data, chance)
    if kind == "tfrecord" and chance.random() < 0.1:
        data, first = with_checksum(data, chance), 0
    try:
        documents = read(sample.source, data)
    except ValueError:
        return "refused"
    reasons = [reason for _, reason in documents]
    lost = reasons.index("unreadable") if "unreadable" in reasons else len(reasons)
    sound = sample.sound_until(first, last)
    assert lost >= sound or not sample.is_exact, "a document before the mutation is lost"
    texts = [text for text, _ in documents[: min(sound, lost)]]
    assert texts == sample.texts[: len(texts)], "a document before the mutation has changed"
    return "damaged" if lost < len(reasons) else "read"


if __name__ == "__main__":
    fuzz_runs.run(__doc__, KINDS, check)
