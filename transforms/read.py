"""ReadParts: splits to parts of documents."""

import contextlib
import dataclasses
import gzip
import time
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from transforms import (
    coder,  # noqa: F401  (registers the coder of parts)
    metrics,
    storage,
)
from transforms.documents import PartHeader, Split, header_of, part_key, with_header
from transforms.receipts import Receipt
from transforms.sources import base
from transforms.sources.base import ReadConfig


def read_split(
    split: Split, stream: BinaryIO, config: ReadConfig, run_fingerprint: str
) -> Iterator[pa.RecordBatch]:
    """Read the parts of a split from the bytes of its file, as stored.

    Raises:
        OSError: the file cannot be read to its end; the message names it.
    """
    if split.source.compression == "gzip":
        stream = gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[assignment]
    started = time.perf_counter()
    for part in _read(split, stream, config):
        header = PartHeader(
            source=split.source.path,
            start=part.start,
            end=part.end,
            last=part.last,
            key=part_key(split.source, part.start, part.end, run_fingerprint),
        )
        seconds = round(time.perf_counter() - started, 6)
        yield with_header(part.documents, header.measured(**{metrics.READ_SECONDS: seconds}))
        started = time.perf_counter()


def _read(split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[base.ReadPart]:
    try:
        yield from base.find(split.source.format).read(split, stream, config)
    except (EOFError, OSError, zlib.error) as error:
        raise OSError(f"{split.source.path} cannot be read to its end: {error}") from error


@dataclasses.dataclass
class ReadParts(beam.PTransform):
    """Read splits as parts, leaving out those whose receipt is on disk.

    Attributes:
        config: how records become documents.
        run_fingerprint: goes into every part's key.
        receipts: folder in which to look for receipts; None reads everything.
    """

    config: ReadConfig
    run_fingerprint: str
    receipts: str | None = None

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[pa.RecordBatch]:
        return splits | "ReadSplit" >> beam.ParDo(
            _ReadSplit(self.config, self.run_fingerprint, self.receipts)
        )


class _ReadSplit(beam.DoFn):
    def __init__(self, config: ReadConfig, run_fingerprint: str, receipts: str | None) -> None:
        self._config = config
        self._run_fingerprint = run_fingerprint
        self._receipts = receipts

    def process(self, split: Split) -> Iterator[pa.RecordBatch]:
        with contextlib.closing(storage.open_for_reading(split.source.path)) as stream:
            parts = read_split(split, stream, self._config, self._run_fingerprint)
            yield from (part for part in parts if not self._is_done(part))

    def _is_done(self, part: pa.RecordBatch) -> bool:
        if self._receipts is None:
            return False
        return load_receipt(self._receipts, part) is not None


def load_receipt(folder: str, part: pa.RecordBatch) -> Receipt | None:
    """Find the receipt of a part; None where there is none, or one that was cut short."""
    header = header_of(part)
    text = storage.read_text(FileSystems.join(folder, f"{header.name}.json"))
    if text is None:
        return None
    try:
        receipt = Receipt.from_json(text)
    except ValueError:
        return None
    return receipt if receipt.key == header.key else None
