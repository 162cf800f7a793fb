"""ReadParts: splits to parts of documents."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import BinaryIO, cast

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

import transforms.io.coder  # noqa: F401  (registers the coder of parts)
from transforms import metrics
from transforms.documents import PartHeader, Source, Split, header_of, part_key, with_header
from transforms.io import failures, storage
from transforms.receipts import RECEIPTS, Receipt
from transforms.sources import base, files, opening
from transforms.sources.base import ReadConfig


class SourceError(OSError):
    """A source is gone, has changed, or cannot be read; the message names it."""


def read_split(
    split: Split, stream: BinaryIO, config: ReadConfig, run_fingerprint: str
) -> Iterator[pa.RecordBatch]:
    """Read the parts of a split from the bytes of its file, as stored.

    What cannot be read of a damaged file is one rejected document of its last part.

    Raises:
        SourceError: the file cannot be read.
    """
    stream = opening.readable(stream, split.source, config)
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
    except OSError as error:
        raise SourceError(f"{split.source.path} cannot be read to its end: {error}") from error


def read_unchanged(
    split: Split, config: ReadConfig, run_fingerprint: str
) -> Iterator[pa.RecordBatch]:
    """Open the file of a split and read its parts, as long as it is what it was when planned.

    Raises:
        SourceError: it cannot be read, or has changed.
    """
    with contextlib.closing(open_split(split)) as stream:
        for part in read_split(split, stream, config, run_fingerprint):
            check_unchanged(split)
            yield part


@dataclasses.dataclass
class ReadParts(beam.PTransform):
    """Read splits as parts.

    Attributes:
        config: how records become documents.
        run_fingerprint: goes into every part's key.
        folder: output folder of the job. Parts whose receipt is there are left out, and of splits
            whose source cannot be read a note is left there (see `failures`). None reads
            everything, and what cannot be read is an error.
    """

    config: ReadConfig
    run_fingerprint: str
    folder: str | None = None

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[pa.RecordBatch]:
        return splits | "ReadSplit" >> beam.ParDo(
            _ReadSplit(self.config, self.run_fingerprint, self.folder)
        )


class _ReadSplit(beam.DoFn):
    def __init__(self, config: ReadConfig, run_fingerprint: str, folder: str | None) -> None:
        self._config = config
        self._run_fingerprint = run_fingerprint
        self._folder = folder

    def process(self, split: Split) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._read(split)
        except SourceError as error:
            if self._folder is None:
                raise
            failures.save(self._folder, split, str(error))

    def _read(self, split: Split) -> Iterator[pa.RecordBatch]:
        for part in read_unchanged(split, self._config, self._run_fingerprint):
            if not self._is_done(part):
                yield part

    def _is_done(self, part: pa.RecordBatch) -> bool:
        if self._folder is None:
            return False
        return find_receipt(FileSystems.join(self._folder, RECEIPTS), part) is not None


def open_split(split: Split) -> BinaryIO:
    """Open what `read_split` reads.

    Raises:
        SourceError: it cannot be opened.
    """
    if split.members:
        return cast(BinaryIO, files.MemberStreams(storage.open_for_reading))
    source = split.source
    try:
        return storage.open_for_reading(source.place)
    except OSError as error:
        raise SourceError(f"{source.path} cannot be opened: {error}") from error


def check_unchanged(split: Split) -> None:
    """Hold the files of a split against what they were when the job was planned.

    Checked after reading, so that what was read is of that file.

    Raises:
        SourceError: it is gone, or has another size or time of change.
    """
    for file in split.members or (split.source,):
        place = file.place if isinstance(file, Source) else file.path
        try:
            size, version = storage.identify(place)
        except OSError as error:
            raise SourceError(f"{file.path} is gone: {error}") from error
        # What came through a pipe lies in the output folder, and is told by its content.
        told = version if place != file.path else file.version
        if (size, version) != (file.size, told):
            raise SourceError(f"{file.path} has changed since the job was planned")


def find_receipt(folder: str, part: pa.RecordBatch) -> Receipt | None:
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
