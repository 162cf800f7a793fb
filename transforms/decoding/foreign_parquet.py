"""Read a Parquet file of unknown origin through a decoder."""

import contextlib
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from transforms.decoding import decoder_process
from transforms.decoding.decoder_process import DecoderDiedError, DecoderProcess, OutOfMemoryError
from transforms.io.watching import DamagedError, StorageError

# Rows to decode at once, and how many where that fails: then the rows before damage are saved, and
# large rows fit.
_BATCH_ROWS, _FEW_ROWS = 1024, 16
# The memory of a decoder apart from its libraries. A page is decoded at once, whatever its size; a
# writer that looks at the size once in a hundred values stays below this.
_LEAST_MEMORY, _MEMORY_PER_ROW_BYTE = 1 << 30, 128
# The footer is at the end of the file. A shorter one is read before a decoder is needed.
_TAIL_BYTES = 64 << 10
_MOST_ROWS = 1 << 53


class FatalDamageError(DamagedError):
    """Damaged content that ends a decoder, or that takes all the memory that it may have."""


class Rows(NamedTuple):
    """Consecutive rows.

    Attributes:
        columns: text and bytes with lengths of 64 bits, no dictionaries. Rows that are too large
            are null.
        sizes: int64 [rows], bytes of all columns; 0 if the row is too large.
        too_large: bool [rows].
    """

    columns: pa.RecordBatch
    sizes: np.ndarray
    too_large: np.ndarray


class ForeignParquet:
    """A Parquet file.

    The same file gives the same rows and errors. The end of a decoder counts only if a fresh one,
    which has decoded nothing else, ends there too.

    Attributes:
        schema: of the file; set by `open`.
        group_rows: the number of rows of each row group, as the footer claims; set by `open`.
    """

    schema: pa.Schema
    group_rows: list[int]

    def __init__(self, stream: BinaryIO, most_row_bytes: int) -> None:
        """Read the end of the file.

        Args:
            stream: the file; the caller closes it.
            most_row_bytes: a row with more bytes is too large.

        Raises:
            StorageError: the file cannot be read.
        """
        self._stream = stream
        self._most_row_bytes = most_row_bytes
        self._decoder: DecoderProcess | None = None
        self._has_failed = False
        self._size = stream.seek(0, io.SEEK_END)
        self._tail_start = max(0, self._size - _TAIL_BYTES)
        self._tail = self._read(self._tail_start, self._size - self._tail_start)

    def open(self) -> None:
        """Read the footer.

        Raises:
            DamagedError: it is no Parquet file, or its footer is damaged.
            StorageError: the file cannot be read.
        """
        schema, rows = self._results("open")
        self.schema = pa.ipc.read_schema(pa.py_buffer(schema))
        self.group_rows = np.frombuffer(rows, "<i8").tolist()
        if min(self.group_rows, default=0) < 0 or sum(self.group_rows) > _MOST_ROWS:
            raise DamagedError("its footer claims a number of rows that no file has")

    def sizes(self, columns: Sequence[str]) -> np.ndarray:
        """Return the stored bytes of each group, and the uncompressed bytes of some columns.

        Returns:
            int64 [row groups, 2], as the footer claims.

        Raises:
            DamagedError: the footer is damaged.
            StorageError: the file cannot be read.
        """
        (content,) = self._results("sizes", columns=list(columns))
        return np.frombuffer(content, "<i8").reshape(-1, 2)

    def null_columns(self, columns: Sequence[str]) -> set[str]:
        """Return the columns that have no value in any row, as the footer claims.

        Raises:
            DamagedError: the footer is damaged.
            StorageError: the file cannot be read.
        """
        if not columns:
            return set()
        (content,) = self._results("null_columns", columns=list(columns))
        return set(json.loads(bytes(content)))

    def rows(
        self, group: int, first: int, last: int, columns: Sequence[str], id_column: str | None
    ) -> Iterator[Rows]:
        """Read the rows `[first, last)` of a group.

        Args:
            group: its number.
            first: a row of the group.
            last: one past the last row.
            columns: the columns to read.
            id_column: one of them, which rows that are too large keep.

        Raises:
            DamagedError: the next row cannot be decoded, or does not exist.
            FatalDamageError: the next row ends decoders.
            StorageError: the file cannot be read.
        """
        named = {"group": group, "columns": list(columns), "id_column": id_column}
        for batch_rows in (_BATCH_ROWS, _FEW_ROWS):
            part = {"first": first, "last": last, "batch_rows": batch_rows}
            try:
                for result in self._ask("rows", **named, **part, most_bytes=self._most_row_bytes):
                    rows = _rows_of(result)
                    first += len(rows.sizes)
                    yield rows
                break
            except (DamagedError, DecoderDiedError) as error:
                if batch_rows == _FEW_ROWS:
                    raise _conclude(error) from error
        if first < last:
            raise DamagedError(f"the footer claims {last:,} rows for a group that has {first:,}")

    def close(self) -> None:
        """Give the decoder back."""
        if self._decoder is not None:
            decoder_process.give_back(self._decoder)
            self._decoder = None

    def _results(self, name: str, **parameters: Any) -> list[memoryview]:
        """Return the results of a request, if necessary of a second attempt."""
        try:
            return list(self._ask(name, **parameters))
        except (OutOfMemoryError, DecoderDiedError):
            pass
        try:
            return list(self._ask(name, **parameters))
        except (OutOfMemoryError, DecoderDiedError) as error:
            raise _conclude(error) from error

    def _ask(self, name: str, **parameters: Any) -> Iterator[memoryview]:
        """Yield the results of a request, of a fresh decoder if one has failed."""
        if self._decoder is None:
            self._decoder = decoder_process.take(fresh=self._has_failed)
            if name != "open":
                list(self._ask("open"))
        if name == "open":
            memory = _LEAST_MEMORY + _MEMORY_PER_ROW_BYTE * self._most_row_bytes
            parameters = {"size": self._size, "memory": memory}
        results = self._decoder.ask(self._read_range, name, **parameters)
        try:
            with contextlib.closing(results):  # type: ignore[type-var]
                yield from results
        finally:
            if self._decoder is not None and not self._decoder.is_free:
                self._has_failed = True
                self.close()

    def _read_range(self, offset: int, length: int) -> bytes:
        if offset >= self._tail_start:
            return self._tail[offset - self._tail_start :][:length]
        return self._read(offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        self._stream.seek(offset)
        data = self._stream.read(length)
        if len(data) < length:
            raise StorageError(f"{length - len(data):,} bytes are missing at {offset:,}")
        return data


def _conclude(error: Exception) -> Exception:
    """Return what the failure of a fresh decoder says about the file."""
    if isinstance(error, OutOfMemoryError):
        return FatalDamageError(f"decoding it needs more memory than it may have: {error}")
    if isinstance(error, DecoderDiedError):
        return (FatalDamageError if error.is_damage else StorageError)(str(error))
    return error


def _rows_of(content: memoryview) -> Rows:
    batch = pa.ipc.open_stream(pa.py_buffer(content)).read_next_batch()
    count = batch.num_columns - 2
    sizes = batch.column(count).to_numpy()
    too_large = batch.column(count + 1).to_numpy(zero_copy_only=False)
    return Rows(batch.select(range(count)), sizes, too_large)
