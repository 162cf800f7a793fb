"""WriteParts: from parts of embeddings to files and receipts."""

import collections
import dataclasses
import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

import transforms.io.coder  # noqa: F401  (registers the coder of parts)
from transforms import metrics, rejects
from transforms.dedup.repeat_table import hash_documents
from transforms.documents import REASON, header_of
from transforms.embedding.part_embeddings import take_sequences
from transforms.groups.member_counts import count_members
from transforms.io import storage
from transforms.machine.machine_name import machine_name
from transforms.metrics import report_counts
from transforms.receipts import RECEIPTS, Receipt, WrittenFile
from transforms.records import record_files
from transforms.records.record_config import RecordConfig
from transforms.reuse import digest_files

_SECONDS = "_seconds"


def write_part(
    part: pa.RecordBatch, folder: str, config: RecordConfig, keep_digests: bool = False
) -> Receipt:
    """Write a part's files, then its receipt.

    Args:
        part: of embeddings.
        folder: the output folder.
        config: what the records contain.
        keep_digests: also write the digests of the documents; see `digest_files`.

    Raises:
        OSError: the folder cannot be written; files without a receipt do not count.
        ValueError: the number of records written differs from the part's counts.
    """
    watch = metrics.Stopwatch()
    with watch.section(metrics.WRITE_SECONDS):
        files = _write_files(part, folder, config)
    receipt = _make_receipt(part, files, watch.seconds)
    _check_counts(receipt)
    if keep_digests:
        _write_digests(folder, part, receipt)
    storage.write_text(folder, f"{RECEIPTS}/{receipt.name}.json", receipt.to_json())
    return receipt


def _write_files(
    part: pa.RecordBatch, folder: str, config: RecordConfig
) -> tuple[WrittenFile, ...]:
    header = header_of(part)
    has_rejects = part.column(REASON).null_count < part.num_rows
    embedded = part.filter(pc.is_null(part.column(REASON))) if has_rejects else part
    files = []
    for family in config.families if embedded.num_rows else ():
        path = f"{family}/{header.name}{config.ending}"
        files.append(_write(folder, path, record_files.encode(embedded, family, config)))
    if has_rejects:
        path = f"{rejects.FOLDER}/{header.name}.jsonl"
        lines = rejects.reject_lines(part, header.source)
        files.append(_write(folder, path, ((f"{line}\n".encode(), 1) for line in lines)))
    return tuple(files)


def _write_digests(folder: str, part: pa.RecordBatch, receipt: Receipt) -> None:
    vectors = digest_files.vectors_file(receipt)
    if vectors is not None:
        sequences, _ = take_sequences(part)
        content = digest_files.serialize(hash_documents(sequences), vectors.sha256)
        storage.write_bytes(folder, digest_files.path_of(receipt.name), content)


def _make_receipt(
    part: pa.RecordBatch, files: tuple[WrittenFile, ...], seconds: Mapping[str, float]
) -> Receipt:
    header = header_of(part)
    reasons = pc.drop_null(part.column(REASON)).to_pylist()
    measures = {**header.measures, **seconds}
    return Receipt(
        source=header.source,
        start=header.start,
        end=header.end,
        last=header.last,
        key=header.key,
        name=header.name,
        counts={name: int(n) for name, n in measures.items() if not name.endswith(_SECONDS)},
        reasons=dict(collections.Counter(reasons)),
        seconds={name: n for name, n in measures.items() if name.endswith(_SECONDS)},
        files=files,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        finished=round(time.time(), 3),
        members=count_members(part),
        machine=machine_name(),
        documents_sha256=header.documents_sha256,
    )


def _write(folder: str, path: str, blocks: Iterable[tuple[bytes | memoryview, int]]) -> WrittenFile:
    """Write a file from blocks, each with its number of records."""
    count = 0
    with storage.atomic_write(folder, path) as file:
        for block, records in blocks:
            file.write(block)
            count += records
    return WrittenFile(path=path, records=count, bytes=file.bytes, sha256=file.sha256)


def _check_counts(receipt: Receipt) -> None:
    """Check the number of records written against the number of documents counted."""
    for file in receipt.files:
        rejected = file.path.startswith(f"{rejects.FOLDER}/")
        expected = receipt.counts[metrics.REJECTED if rejected else metrics.EMBEDDED]
        if file.records != expected:
            raise ValueError(f"{file.path} has {file.records} records; the part has {expected}")


@dataclasses.dataclass
class WriteParts(beam.PTransform):
    """Write parts of embeddings, and return their receipts.

    Attributes:
        folder: the output folder.
        config: what the records contain.
        keep_digests: whether later jobs may take vectors from these parts.
    """

    folder: str
    config: RecordConfig
    keep_digests: bool = False

    def expand(self, parts: beam.PCollection[pa.RecordBatch]) -> beam.PCollection[Receipt]:
        return parts | "WritePart" >> beam.ParDo(
            _WritePart(self.folder, self.config, self.keep_digests)
        )


class _WritePart(beam.DoFn):
    def __init__(self, folder: str, config: RecordConfig, keep_digests: bool) -> None:
        self._folder = folder
        self._config = config
        self._keep_digests = keep_digests

    def process(self, part: pa.RecordBatch) -> Iterator[Receipt]:
        receipt = write_part(part, self._folder, self._config, self._keep_digests)
        report_counts(receipt.counts)
        yield receipt
