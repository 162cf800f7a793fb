"""Read the parts of a split from its file or its group of files, and check that none changed."""

import contextlib
import time
from collections.abc import Iterator
from typing import BinaryIO, cast

import pyarrow as pa

from transforms import metrics
from transforms.documents import (
    PartHeader,
    Source,
    Split,
    files_of,
    header_of,
    part_key,
    with_header,
)
from transforms.groups.opened_files import GroupStreams, MemberError
from transforms.groups.read_group import read_group
from transforms.io import storage
from transforms.io.watching import StorageError, describe
from transforms.running.board import BOARD
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig


class SourceError(OSError):
    """A source was deleted, has changed, or cannot be read; the message names it."""


def read_split(
    split: Split, stream: BinaryIO, config: ReadConfig, run_fingerprint: str
) -> Iterator[pa.RecordBatch]:
    """Read the parts of a split from the bytes of its file, as stored.

    The unreadable rest of a damaged file becomes one rejected document in the last part.

    Raises:
        SourceError: the file cannot be read.
    """
    started = time.perf_counter()
    for part in _read_parts(split, stream, config):
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


def _read_parts(split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[base.ReadPart]:
    try:
        if split.members:
            yield from read_group(split, cast(GroupStreams, stream), config)
        else:
            readable = opening.readable(stream, split.source, config)
            yield from base.find(split.source.format).read(split, readable, config)
    except OSError as error:
        name = error.path if isinstance(error, MemberError) else split.source.path
        raise SourceError(f"{name} cannot be read to its end: {describe(error)}") from error


def read_unchanged(
    split: Split, config: ReadConfig, run_fingerprint: str
) -> Iterator[pa.RecordBatch]:
    """Open the file of a split and read its parts, while the file does not change.

    Raises:
        SourceError: the file cannot be read, or has changed since the job was planned.
    """
    with contextlib.closing(open_split(split)) as stream:
        try:
            for part in read_split(split, stream, config, run_fingerprint):
                check_unchanged(split)
                _note_position(split, part, stream)
                yield part
        except SourceError:
            # A file that became shorter seems to be cut.
            check_unchanged(split)
            raise


def _note_position(split: Split, part: pa.RecordBatch, stream: BinaryIO) -> None:
    """Note how far a split is read whose positions are not stored bytes, to show progress."""
    if split.end is not None:
        return
    if split.members:
        read = set(files_of(part)[0])
        last = max((n for n, file in enumerate(split.members) if file.path in read), default=-1)
        stored = sum(file.size for file in split.members[: last + 1])
    else:
        stored = stream.tell()
    BOARD.note_read(split.source.path, header_of(part).end, stored)


def open_split(split: Split) -> BinaryIO:
    """Open the stream that `read_split` reads.

    Raises:
        SourceError: the file cannot be opened, or could not be read when the job was planned.
    """
    if split.unread:
        raise SourceError(describe_unread(split))
    if split.members:
        return cast(BinaryIO, GroupStreams(_open))
    try:
        return _open(split.source)
    except StorageError as error:
        raise SourceError(f"{split.source.path} cannot be opened: {error}") from error


def describe_unread(split: Split) -> str:
    """Return the line on a split whose file could not be read when the job was planned."""
    return f"{split.source.path} could not be read to plan it: {split.unread}"


def _open(file: Source) -> BinaryIO:
    return storage.open_watched(file.place, file.size)


def check_unchanged(split: Split) -> None:
    """Check that the files of a split have not changed since the job was planned.

    Call this after reading, so that the check covers the bytes that were read.

    Raises:
        SourceError: a file was deleted, or has another size or modification time.
    """
    for file in split.files:
        path = file.place
        try:
            size, version = storage.identify(path)
        except Exception as error:  # each file system has its own
            raise SourceError(f"{file.path} no longer exists: {describe(error)}") from error
        # Standard input is stored in the output folder, and its version is a hash of its content.
        planned_version = file.version if path == file.path else version
        if (size, version) != (file.size, planned_version):
            raise SourceError(f"{file.path} has changed since the job was planned")
