"""Parquet: each row is a document; only the columns that a job needs are read.

Positions count rows, so ids are `path:row`.
"""

import contextlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from transforms import documents, fields, rejects
from transforms.documents import Source, Split
from transforms.fields import KeptField
from transforms.io.transcoding import UTF8
from transforms.io.watching import DamagedError, decoding, watch
from transforms.rejects import Reason
from transforms.sources import record_fields
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart, SampledFields
from transforms.sources.kept_columns import keep_column
from transforms.sources.text import decode_utf8

_BATCH_ROWS = 1024
_MOST_ROWS = 1 << 16
_SHOWN_COLUMNS = 12
_TEXT_TYPES = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
)


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
        """Cut by row groups, with small groups joined. A damaged file is one split."""
        with contextlib.closing(open_()) as stream:
            file = _open(watch(stream))
            if isinstance(file, str):
                return [Split(source, 0, None)]
            _check_schema(file.schema_arrow, source, config)
            return _cut(source, file, config)

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split."""
        path = split.source.path
        stream = watch(stream)
        file = _open(stream)
        if isinstance(file, str) or split.end is None:
            yield ReadPart(0, 1, True, _unreadable(path, 0, 1, str(file), config))
            return
        start = split.start
        for part in _parts(file, stream, split, config):
            if isinstance(part, str):
                lost = _unreadable(path, start, split.end, part, config)
                yield ReadPart(start, split.end, True, lost)
                return
            end = start + part.num_rows
            batch = rows_to_documents(part, start, path, config)
            yield ReadPart(start, end, end == split.end, batch)
            start = end

    def sample_fields(self, _: Split, stream: BinaryIO, config: ReadConfig) -> SampledFields:
        """Read names and types from the file's schema."""
        file = _open(watch(stream))
        if isinstance(file, str):
            return SampledFields()
        schema = file.schema_arrow
        types = (fields.type_of_arrow(schema.field(field.name).type) for field in config.kept)
        return SampledFields(tuple(schema.names), tuple(type_ or "" for type_ in types))


def _open(stream: BinaryIO) -> parquet.ParquetFile | str:
    """Read the footer; return the error message if it is damaged."""
    try:
        with decoding(stream):
            return parquet.ParquetFile(pa.PythonFile(stream, mode="r"))
    except DamagedError as error:
        return str(error)


def _check_schema(schema: pa.Schema, source: Source, config: ReadConfig) -> None:
    """Raise ValueError for a file that lacks a field, or whose field has an unreadable type."""
    shown = ", ".join(schema.names[:_SHOWN_COLUMNS]) + ", ..." * (len(schema) > _SHOWN_COLUMNS)
    for setting, name in config.columns:
        if schema.names.count(name) != 1:
            columns = "no column" if name not in schema.names else "several columns"
            raise ValueError(f"`{setting}`: {source.path} has {columns} {name!r}; it has {shown}")
        type_ = schema.field(name).type
        if not _fits(setting, type_):
            expected = {"keep_fields": "a scalar", "id_field": "text or integers"}
            raise ValueError(
                f"`{setting}`: column {name!r} of {source.path} is {type_}, not "
                f"{expected.get(setting, 'text')}: name another column, or flatten it first"
            )


def _fits(setting: str, type_: pa.DataType) -> bool:
    """Return whether a column of a type can be read for a setting."""
    if setting == "keep_fields":
        return fields.type_of_arrow(type_) is not None
    if pa.types.is_dictionary(type_):
        return _fits(setting, type_.value_type)
    if setting == "id_field" and pa.types.is_integer(type_):
        return True
    # Old versions of Spark and Hive wrote text as bytes; rows that are not UTF-8 are rejected.
    return any(is_text(type_) for is_text in _TEXT_TYPES)


def _raw(column: pa.Array) -> pa.LargeBinaryArray:
    """Return a column of text, bytes or integers as bytes; integers in decimal."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_integer(column.type):
        column = pc.cast(column, pa.large_string())
    return pc.cast(column, pa.large_binary())


def _cut(source: Source, file: parquet.ParquetFile, config: ReadConfig) -> list[Split]:
    splits: list[Split] = []
    start = end = stored = text = 0
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        columns = [group.column(index) for index in range(group.num_columns)]
        end += group.num_rows
        stored += sum(column.total_compressed_size for column in columns)
        texts = [c for c in columns if c.path_in_schema == config.text_field]
        text += sum(column.total_uncompressed_size for column in texts)
        last = number == file.num_row_groups - 1
        if end > start and (last or text >= config.part_bytes):
            splits.append(Split(source, start, end, stored=stored))
            start, stored, text = end, 0, 0
    return splits


def _parts(
    file: parquet.ParquetFile, stream: BinaryIO, split: Split, config: ReadConfig
) -> Iterator[pa.RecordBatch | str]:
    """Yield rows with about `part_bytes` of text each; damage yields its message and ends.

    The end of a part depends on the texts only.
    """
    columns = dict.fromkeys(name for _, name in config.columns)
    collected: list[pa.RecordBatch] = []
    size = rows = 0
    try:
        for batch in _batches(file, stream, split, list(columns)):
            while batch.num_rows:
                count = _rows_that_fit(batch, config, size, rows)
                collected.append(batch.slice(0, count))
                size += _text_bytes(collected[-1], config)
                rows += count
                batch = batch.slice(count)
                if size >= config.part_bytes or rows >= _MOST_ROWS:
                    yield _joined(collected)
                    collected, size, rows = [], 0, 0
    except (pa.ArrowException, DamagedError) as error:
        if collected:
            yield _joined(collected)
        yield f"the file is damaged from here on: {error}"
        return
    if collected:
        yield _joined(collected)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    table = pa.Table.from_batches(batches).combine_chunks()
    return table.to_batches()[0]


def _text_lengths(batch: pa.RecordBatch, config: ReadConfig) -> np.ndarray:
    lengths = np.zeros(batch.num_rows, np.int64)
    for name in filter(None, (config.text_field, config.text_b_field)):
        lengths += pc.fill_null(pc.binary_length(_raw(batch.column(name))), 0).to_numpy(
            zero_copy_only=False
        )
    return lengths


def _text_bytes(batch: pa.RecordBatch, config: ReadConfig) -> int:
    return int(_text_lengths(batch, config).sum())


def _rows_that_fit(batch: pa.RecordBatch, config: ReadConfig, size: int, rows: int) -> int:
    """Return the number of rows until the part is full."""
    ends = size + np.cumsum(_text_lengths(batch, config))
    full = int(np.searchsorted(ends, config.part_bytes)) + 1
    return int(min(full, batch.num_rows, _MOST_ROWS - rows))


def _batches(
    file: parquet.ParquetFile, stream: BinaryIO, split: Split, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    """Read the rows `[start, end)`."""
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    ends = np.cumsum(sizes)
    begins = ends - sizes
    end = int(ends[-1]) if split.end is None else split.end
    groups = np.flatnonzero((ends > split.start) & (begins < end)).tolist()
    at = int(begins[groups[0]])
    batches = file.iter_batches(_BATCH_ROWS, groups, columns=columns, use_threads=False)
    for batch in _decoded(batches, stream):
        first, last = max(split.start - at, 0), min(end - at, batch.num_rows)
        if first < last:
            yield batch.slice(first, last - first)
        at += batch.num_rows
        if at >= end:
            return


def _decoded(batches: Iterator[pa.RecordBatch], stream: BinaryIO) -> Iterator[pa.RecordBatch]:
    """Yield the batches that a stream is decoded to.

    Raises:
        StorageError: the stream cannot be read.
        DamagedError: a batch cannot be decoded.
    """
    while True:
        with decoding(stream):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def rows_to_documents(
    rows: pa.RecordBatch, start: int, path: str, config: ReadConfig
) -> pa.RecordBatch:
    """Make documents of rows, one for every row, rejected or not.

    Args:
        rows: the columns to read.
        start: number of the first row in its file.
        path: the file.
        config: names the columns to read.
    """
    positions = np.arange(start, start + rows.num_rows)
    checks: list[tuple[np.ndarray, Reason, str]] = []
    places = documents.record_ids(path, positions.tolist())
    ids = _ids(rows, config, places, checks)
    text = _texts(rows, config.text_field, config, checks, second=False)
    text_b = None
    if config.text_b_field:
        text_b = _texts(rows, config.text_b_field, config, checks, second=True)
    kept = {}
    for field in config.kept:
        kept[field.name], wrong = keep_column(rows.column(field.name), field)
        checks.append((wrong, Reason.WRONG_TYPE, _not_of_type(field)))
    reasons, details = rejects.first_reasons(checks)
    valid = pa.array([reason is None for reason in reasons])
    blank = pa.scalar("", pa.large_string())
    return documents.documents_batch(
        ids=ids,
        positions=positions,
        text=pc.if_else(valid, text, blank),
        text_b=text_b and pc.if_else(valid, text_b, blank),
        reasons=reasons,
        details=details,
        fields=kept,
    )


def _not_of_type(field: KeptField) -> str:
    return f"field {field.name!r} is no {field.type}; `keep_fields` {field.name}:string keeps text"


def _ids(
    rows: pa.RecordBatch,
    config: ReadConfig,
    places: list[str],
    checks: list[tuple[np.ndarray, Reason, str]],
) -> list[str]:
    if config.id_field is None:
        return places
    text, valid = decode_utf8(pc.fill_null(_raw(rows.column(config.id_field)), b""))
    ids = text.to_pylist()
    wrong = ~valid | np.array([not id_ for id_ in ids], bool)
    detail = f"field {config.id_field!r} is no id: give a string or an integer"
    checks.append((wrong, Reason.WRONG_TYPE, detail))
    return [id_ or place for id_, place in zip(ids, places, strict=True)]


def _texts(
    rows: pa.RecordBatch,
    name: str,
    config: ReadConfig,
    checks: list[tuple[np.ndarray, Reason, str]],
    *,
    second: bool,
) -> pa.LargeStringArray:
    column = _raw(rows.column(name))
    null = pc.is_null(column).to_numpy(zero_copy_only=False)
    raw = pc.fill_null(column, b"")
    large = pc.binary_length(raw).to_numpy(zero_copy_only=False) > config.max_document_bytes
    text, valid = decode_utf8(raw)
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(text)), 0)
    if not second:
        checks.append((null, Reason.WRONG_TYPE, f"field {name!r} holds a null"))
    checks.append((large, Reason.TOO_LARGE, f"over {config.max_document_bytes} bytes"))
    checks.append((~valid, Reason.NOT_UTF8, f"field {name!r} is not UTF-8"))
    if not second:
        empty = blank.to_numpy(zero_copy_only=False)
        checks.append((empty, Reason.EMPTY, f"field {name!r} has no text"))
    return text


def _unreadable(path: str, start: int, end: int, why: str, config: ReadConfig) -> pa.RecordBatch:
    """Return one rejected row for each lost row."""
    lost = record_fields.rejected(Reason.UNREADABLE, why)
    positions = np.arange(start, end)
    return record_fields.to_documents([lost] * len(positions), positions, path, config)


FORMAT = ParquetFormat()
