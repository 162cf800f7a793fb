"""Read the parts of a group: the documents of its files, joined."""

import contextlib
import io
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import documents
from transforms.columns import concatenate
from transforms.documents import FIELD_PREFIX, TEXT, TEXT_B, Source, Split
from transforms.groups import joined_lines
from transforms.groups.grouping import split_of_file, width_of
from transforms.groups.opened_files import GroupStreams, naming, open_each
from transforms.io.watching import watch
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig, ReadPart

# Bytes that a document counts in addition to its text: many documents have none.
_ROW_BYTES = 8


class _Piece(NamedTuple):
    """Documents of one file, or of several whole files.

    Attributes:
        first, end: numbers of the files, the last one excluded.
        width: the positions that it takes in the group.
        documents: without their files.
        numbers: the file of each document, int64 [documents].
    """

    first: int
    end: int
    width: int
    documents: pa.RecordBatch
    numbers: np.ndarray


def read_group(split: Split, streams: GroupStreams, config: ReadConfig) -> Iterator[ReadPart]:
    """Read the parts of a split of several files.

    There is one part, unless the files may unpack to any size. Then a part ends once its texts and
    kept fields have `part_bytes`, and a file that has more is cut as if it were alone.

    Raises:
        MemberError: a file cannot be read. Nothing is known of its documents, so its part is left
            out, and so are those after it.
    """
    most = math.inf if split.is_one_part else config.part_bytes
    held: list[_Piece] = []
    start, weight = split.start, 0
    for piece in _pieces(split, streams, config):
        if weight >= most:
            end = start + sum(piece.width for piece in held)
            yield ReadPart(start, end, False, _join(held, split.members))
            held, start, weight = [], end, 0
        held.append(piece)
        weight += 0 if split.is_one_part else _weigh(piece.documents)
    end = start + sum(piece.width for piece in held)
    yield ReadPart(start, end, True, _join(held, split.members))


class _Opened(NamedTuple):
    """A file to read.

    Attributes:
        number: of the file in its group.
        stream: at its beginning.
        content: its bytes, if its lines can be read with those of others.
    """

    number: int
    file: Source
    stream: BinaryIO
    content: bytes | None

    @property
    def lines_format(self) -> str:
        """Its format, if its lines can be read with those of others."""
        return "" if self.content is None else self.file.format


def _pieces(split: Split, streams: GroupStreams, config: ReadConfig) -> Iterator[_Piece]:
    """Read the files in order; lines of files that follow each other are read together."""
    # The file that is open is closed even if it is not read to its end.
    with contextlib.closing(open_each(split.members, streams)) as streams_of_files:
        files = (
            _look_at(number, file, stream, config)
            for number, (file, stream) in enumerate(
                zip(split.members, streams_of_files, strict=True)
            )
        )
        for format_, run in itertools.groupby(files, lambda opened: opened.lines_format):
            if format_:
                yield _read_lines(list(run), config)
                continue
            for opened in run:
                with naming(opened.file):
                    yield from _read_file(opened, split.is_one_part, config)


def _look_at(number: int, file: Source, stream: BinaryIO, config: ReadConfig) -> _Opened:
    if not joined_lines.may_be_joined(file, config):
        return _Opened(number, file, stream, None)
    with naming(file):
        content = stream.read(file.size)
    if joined_lines.is_plain_text(content):
        return _Opened(number, file, stream, content)
    return _Opened(number, file, watch(io.BytesIO(content)), None)


def _read_lines(run: Sequence[_Opened], config: ReadConfig) -> _Piece:
    files = [opened.file for opened in run]
    contents = [opened.content or b"" for opened in run]
    batch, numbers = joined_lines.parse_together(files, contents, config)
    first, width = run[0].number, sum(map(width_of, files))
    return _Piece(first, first + len(run), width, batch, first + numbers)


def _read_file(opened: _Opened, is_one_part: bool, config: ReadConfig) -> Iterator[_Piece]:
    """Read a file as if it were alone: a piece for each of its parts, or one of all."""
    number, file = opened.number, opened.file
    stream = opening.readable(opened.stream, file, config)
    parts: Iterable[ReadPart] = base.find(file.format).read(split_of_file(file), stream, config)
    if is_one_part:
        batch = concatenate([part.documents for part in parts])
        yield _piece_of_file(number, width_of(file), batch)
        return
    end = 0
    for part in parts:
        yield _piece_of_file(number, part.end - end, part.documents)
        end = part.end


def _piece_of_file(number: int, width: int, batch: pa.RecordBatch) -> _Piece:
    return _Piece(number, number + 1, width, batch, np.full(batch.num_rows, number))


def _join(pieces: Sequence[_Piece], files: Sequence[Source]) -> pa.RecordBatch:
    """Join the documents of pieces, and add the file of each."""
    first, end = pieces[0].first, pieces[-1].end
    numbers = np.concatenate([piece.numbers for piece in pieces]) - first
    paths = pa.array([file.path for file in files[first:end]], pa.large_string())
    column = pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), paths)
    batch = concatenate(_with_all_columns([piece.documents for piece in pieces]))
    return batch.append_column(documents.SOURCE, column)


def _with_all_columns(batches: Sequence[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Add the columns that only some batches have: of plain text, only some paths may have keys."""
    fields = {field.name: field for batch in batches for field in batch.schema}
    return [
        pa.RecordBatch.from_arrays(
            [
                batch.column(name)
                if name in batch.schema.names
                else pa.nulls(len(batch), field.type)
                for name, field in fields.items()
            ],
            schema=pa.schema(fields.values()),
        )
        for batch in batches
    ]


def _weigh(batch: pa.RecordBatch) -> int:
    """Return the bytes of the texts and kept fields, which the content alone determines."""
    weight: int = _ROW_BYTES * batch.num_rows
    for name in batch.schema.names:
        if name in (TEXT, TEXT_B) or name.startswith(FIELD_PREFIX):
            weight += _weigh_column(batch.column(name))
    return weight


def _weigh_column(column: pa.Array) -> int:
    if not (pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)):
        return _ROW_BYTES * len(column)
    total: int = pc.sum(pc.binary_length(column)).as_py() or 0
    return total
