"""Parquet: each row is a document; only the columns that a job needs are read.

Positions count rows, so ids are `path:row`. Files are decoded in another process, because damaged
ones end their process, or take any memory.
"""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from transforms.decoding.decoder_process import UnsupportedError
from transforms.decoding.foreign_parquet import ForeignParquet
from transforms.documents import Source, Split
from transforms.io.decompressing import NONE
from transforms.io.transcoding import UTF8
from transforms.io.watching import DamagedError, watch
from transforms.rejects import Reason
from transforms.sources import parquet_sample, record_fields
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart, SampledFields
from transforms.sources.parquet_documents import rows_to_documents
from transforms.sources.parquet_parts import Loss, PartRows, read_parts
from transforms.sources.parquet_schema import check_schema, columns_in, unfit_columns

# A plan cuts many files at once, each in a moment: so many decoders are enough for it.
_DECODERS_OF_PLAN = threading.BoundedSemaphore(2)


class ParquetFormat(Format):
    """Parquet, cut by row groups (https://parquet.apache.org)."""

    endings = (".parquet", ".pq")
    can_start_anywhere = True
    stores_compressed = True

    def check(self, config: ReadConfig) -> None:
        """Refuse settings of plain text."""
        record_fields.check_no_separator(config)
        if config.encoding != UTF8:
            raise ValueError("`encoding` is for text; Parquet files are UTF-8: leave it out")

    def has_magic(self, head: bytes) -> bool:
        """Return whether the bytes begin with Parquet's magic bytes."""
        return head.startswith(b"PAR1")

    def cut(self, source: Source, open_: Opener, config: ReadConfig) -> list[Split]:
        """Cut by row groups, with small groups joined. A damaged file is one split.

        Raises:
            ValueError: the file lacks a column to read, or Arrow does not read its types.
            StorageError: the file cannot be read.
        """
        try:
            with (
                contextlib.closing(open_()) as stream,
                _prepared(source, stream, config) as file,
                _DECODERS_OF_PLAN,
            ):
                file.open()
                if not any(file.group_rows):
                    # Writers give an empty partition any schema, or none.
                    return []
                sizes = file.sizes(columns_in(file.schema, config))
                nulls = file.null_columns(unfit_columns(file.schema, config))
        except UnsupportedError as error:
            # Other columns may have all its texts: as one rejected document these would be lost.
            raise ValueError(
                f"`input` {source.path}: Arrow does not read this Parquet file ({error}): write it "
                "with other types, or leave that column out"
            ) from error
        except DamagedError:
            return [Split(source, 0, None)]
        check_schema(file.schema, nulls, source, config)
        return _cut(source, file.group_rows, sizes, config)

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split; what cannot be read is a rejected document for each part."""
        path = split.source.path
        try:
            with _prepared(split.source, stream, config) as file:
                file.open()
                end = _claimed_end(file, split.source, config) if split.end is None else split.end
                for part in read_parts(file, dataclasses.replace(split, end=end), config):
                    batch = _to_documents(part, path, config)
                    yield ReadPart(part.start, part.end, part.end == end, batch)
        except DamagedError as error:
            lost = _unreadable(path, split.start, f"the file cannot be read: {error}", config)
            yield ReadPart(split.start, split.end or split.start + 1, True, lost)

    def sample_fields(self, split: Split, stream: BinaryIO, config: ReadConfig) -> SampledFields:
        """Read names and types from the file's schema, and its first rows where they matter."""
        try:
            with _prepared(split.source, stream, config) as file:
                file.open()
                return parquet_sample.sample_fields(file, split, config)
        except DamagedError:
            return SampledFields()


@contextlib.contextmanager
def _prepared(source: Source, stream: BinaryIO, config: ReadConfig) -> Iterator[ForeignParquet]:
    """Prepare to decode a file, and give its decoder back at the end.

    Raises:
        DamagedError: the file as a whole is compressed.
        StorageError: the file cannot be read.
    """
    if source.compression != NONE:
        raise DamagedError(
            f"it is {source.compression}: uncompress it, Parquet compresses its columns"
        )
    file = ForeignParquet(watch(stream), config.max_document_bytes)
    with contextlib.closing(file):
        yield file


def _claimed_end(file: ForeignParquet, source: Source, config: ReadConfig) -> int:
    """Return the number of rows of a file that could not be cut.

    Raises:
        DamagedError: it cannot be cut now either, or lacks a column.
    """
    file.sizes(columns_in(file.schema, config))
    nulls = file.null_columns(unfit_columns(file.schema, config))
    try:
        check_schema(file.schema, nulls, source, config)
    except ValueError as error:
        raise DamagedError(str(error)) from error
    return max(1, sum(file.group_rows))


def _cut(
    source: Source, group_rows: list[int], sizes: np.ndarray, config: ReadConfig
) -> list[Split]:
    splits: list[Split] = []
    start = end = stored = carried = 0
    # A footer can claim any sizes; they decide nothing but where splits end.
    claimed = np.clip(sizes, 0, source.size).tolist()
    for number, (rows, (stored_here, _)) in enumerate(zip(group_rows, claimed, strict=True)):
        end += rows
        stored += stored_here
        carried += max(0, int(sizes[number, 1]))
        last = number == len(group_rows) - 1
        if end > start and (last or carried >= config.part_bytes):
            splits.append(Split(source, start, end, stored=stored))
            start, stored, carried = end, 0, 0
    return splits


def _to_documents(part: PartRows | Loss, path: str, config: ReadConfig) -> pa.RecordBatch:
    if isinstance(part, PartRows):
        return rows_to_documents(part.columns, part.too_large, part.start, path, config)
    why = f"{part.end - part.start:,} rows from here on cannot be read: {part.why}"
    return _unreadable(path, part.start, why, config)


def _unreadable(path: str, position: int, why: str, config: ReadConfig) -> pa.RecordBatch:
    """Return one rejected document for everything that is lost."""
    lost = record_fields.rejected(Reason.UNREADABLE, why)
    return record_fields.to_documents([lost], [position], path, config)


FORMAT = ParquetFormat()
