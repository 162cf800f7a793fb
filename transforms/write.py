"""WriteParts: parts of embeddings to files, and a receipt for each."""

import collections
import dataclasses
import os
import socket
import time
from collections.abc import Iterable, Iterator

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

import transforms.io.coder  # noqa: F401  (registers the coder of parts)
from transforms import metrics, rejects
from transforms.counting import report_counts
from transforms.documents import REASON, header_of
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt, WrittenFile
from transforms.records import record_files
from transforms.records.record_config import RecordConfig

REJECTED = "rejected"
_SECONDS = "_seconds"


def write_part(part: pa.RecordBatch, folder: str, config: RecordConfig) -> Receipt:
    """Write a part's files, then its receipt.

    Raises:
        OSError: the folder cannot be written; nothing counts without its receipt.
        ValueError: the account of the part does not close.
    """
    watch = metrics.Stopwatch()
    header = header_of(part)
    reasons = [reason for reason in part.column(REASON).to_pylist() if reason is not None]
    files = []
    with watch.section(metrics.WRITE_SECONDS):
        sound = part.filter(pc.is_null(part.column(REASON))) if reasons else part
        for family in config.families if sound.num_rows else ():
            path = f"{family}/{header.name}{config.ending}"
            files.append(_write(folder, path, record_files.encode(sound, family, config)))
        if reasons:
            path = f"{REJECTED}/{header.name}.jsonl"
            lines = (
                (f"{line}\n".encode(), 1) for line in rejects.reject_lines(part, header.source)
            )
            files.append(_write(folder, path, lines))
    measures = {**header.measures, **watch.seconds}
    receipt = Receipt(
        source=header.source,
        start=header.start,
        end=header.end,
        last=header.last,
        key=header.key,
        name=header.name,
        counts={name: int(n) for name, n in measures.items() if not name.endswith(_SECONDS)},
        reasons=dict(collections.Counter(reasons)),
        seconds={name: n for name, n in measures.items() if name.endswith(_SECONDS)},
        files=tuple(files),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        finished=round(time.time(), 3),
    )
    _check_files(receipt)
    storage.write_text(folder, f"{RECEIPTS}/{header.name}.json", receipt.to_json())
    return receipt


def _write(folder: str, path: str, blocks: Iterable[tuple[bytes, int]]) -> WrittenFile:
    """Write a file of blocks, each with the number of its records."""
    count = 0
    with storage.atomic_write(folder, path) as file:
        for block, records in blocks:
            file.write(block)
            count += records
    return WrittenFile(path=path, records=count, bytes=file.bytes, sha256=file.sha256)


def _check_files(receipt: Receipt) -> None:
    """Hold the records written against the documents counted."""
    for file in receipt.files:
        rejected = file.path.startswith(f"{REJECTED}/")
        expected = receipt.counts[metrics.REJECTED if rejected else metrics.EMBEDDED]
        if file.records != expected:
            raise ValueError(f"{file.path} has {file.records} records; the part has {expected}")


@dataclasses.dataclass
class WriteParts(beam.PTransform):
    """Write parts of embeddings; what remains of each is its receipt.

    Attributes:
        folder: the output folder.
        config: what stands in the records.
    """

    folder: str
    config: RecordConfig

    def expand(self, parts: beam.PCollection[pa.RecordBatch]) -> beam.PCollection[Receipt]:
        return parts | "WritePart" >> beam.ParDo(_WritePart(self.folder, self.config))


class _WritePart(beam.DoFn):
    def __init__(self, folder: str, config: RecordConfig) -> None:
        self._folder = folder
        self._config = config

    def process(self, part: pa.RecordBatch) -> Iterator[Receipt]:
        receipt = write_part(part, self._folder, self._config)
        report_counts(receipt.counts)
        yield receipt
