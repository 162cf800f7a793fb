"""Whole files: each is one document, and its path is the id.

Many small files make one part together. A source is therefore everything that a glob matches, and
positions number its files.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, cast

import pyarrow as pa

from transforms import documents
from transforms.documents import Member, Source, Split, hash_json
from transforms.io.decompressing import open_compressed
from transforms.io.transcoding import as_utf8
from transforms.io.watching import DamagedError, describe
from transforms.rejects import Reason
from transforms.sources import encodings, record_fields
from transforms.sources.base import Format, ReadConfig, ReadPart
from transforms.sources.record_fields import Record, rejected

NAME = "files"
_MOST_MEMBERS = 4096
_READ_BYTES = 1 << 16


class MemberStreams:
    """Takes the place of the stream of a source of several files: opens each of them."""

    def __init__(self, open_: Callable[[Member], BinaryIO]) -> None:
        self.open = open_

    def close(self) -> None:
        """Do nothing: each file is closed after it is read."""


class MemberError(OSError):
    """One of several files cannot be read.

    Attributes:
        path: the file.
    """

    def __init__(self, path: str, error: Exception) -> None:
        super().__init__(describe(error))
        self.path = path


class FilesFormat(Format):
    """One document a file, in the configured encoding."""

    can_start_anywhere = True
    reads_any_bytes = True

    def check(self, config: ReadConfig) -> None:
        """Refuse fields and pairs, because a file is one text."""
        settings = {
            "id_field": config.id_field,
            "keep_fields": config.keep_fields,
            "text_b_field": config.text_b_field,
            "pair_separator": config.pair_separator,
        }
        for name in (name for name, value in settings.items() if value):
            raise ValueError(
                f"`{name}` needs records; `input_format` {NAME} has none: leave it out"
            )

    def cut(self, *_: object) -> list[Split]:
        """Raise ValueError: files are grouped by `group`, not cut."""
        raise ValueError("files are grouped, not cut")

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split; `stream` is a `MemberStreams`.

        There is one part, unless the texts of compressed files exceed `max_document_bytes`
        together.

        Raises:
            MemberError: a file cannot be read. Nothing is known of its text, so its part is left
                out, and so are those after it.
        """
        streams = cast(MemberStreams, stream)
        members = split.members[: (split.end or 0) - split.start]
        records = (_read_member(member, streams, config) for member in members)
        first = 0
        for run in _runs(records, config.max_document_bytes):
            end = first + len(run)
            paths = [member.path for member in members[first:end]]
            batch = _to_documents(run, paths, split.start + first, split.source.path, config)
            yield ReadPart(split.start + first, split.start + end, end == len(members), batch)
            first = end


def _runs(records: Iterable[Record], most: int) -> Iterator[list[Record]]:
    """Cut records into runs, each complete once its texts have `most` characters."""
    run, held = list[Record](), 0
    for record in records:
        if held >= most:
            yield run
            run, held = [], 0
        run.append(record)
        held += len(record.text)
    yield run


def _to_documents(
    records: Sequence[Record], paths: Sequence[str], start: int, source: str, config: ReadConfig
) -> pa.RecordBatch:
    """Make the documents of files, whose paths are the ids; `start` is the first one's number."""
    positions = list(range(start, start + len(records)))
    filled = [
        record
        for of_file, path in zip(records, paths, strict=True)
        for record in record_fields.fill_from_path([of_file], path, config)
    ]
    batch = record_fields.to_documents(filled, positions, source, config)
    index = batch.schema.get_field_index(documents.ID)
    return batch.set_column(index, documents.ID, pa.array(paths, pa.large_string()))


def group(path: str, members: Sequence[Member], part_bytes: int) -> list[Split]:
    """Make one source of all files, and splits of about `part_bytes` each.

    Args:
        path: path of the source.
        members: the files in corpus order.
        part_bytes: stored bytes of a split.
    """
    identities = [[member.path, member.size, member.version] for member in members]
    size = sum(member.size for member in members)
    source = Source(path, size, hash_json(identities)[:16], NAME)
    splits = []
    start = stored = 0
    for number, member in enumerate(members, 1):
        stored += member.size
        full = stored >= part_bytes or number - start >= _MOST_MEMBERS
        if full or number == len(members):
            split_members = tuple(members[start:number])
            splits.append(Split(source, start, number, stored=stored, members=split_members))
            start, stored = number, 0
    return splits


def _read_member(member: Member, streams: MemberStreams, config: ReadConfig) -> Record:
    most = config.max_document_bytes
    try:
        with contextlib.closing(streams.open(member)) as raw:
            stream = as_utf8(open_compressed(raw, member.compression), config.encoding)
            content = _read(stream, most + 1)
    except DamagedError as error:
        return rejected(Reason.UNREADABLE, f"the file is damaged: {error}")
    except OSError as error:
        raise MemberError(member.path, error) from error
    if len(content) > most:
        return rejected(Reason.TOO_LARGE, f"over {most} bytes")
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    problem = encodings.problem_of_text("the file", text, config.encoding)
    if problem:
        return rejected(Reason.NOT_UTF8, problem)
    return Record(text=text) if text.strip() else rejected(Reason.EMPTY, "the file has no text")


def _read(stream: BinaryIO, most: int) -> bytes:
    """Read up to `most` bytes."""
    pieces: list[bytes] = []
    while most > 0 and (piece := stream.read(min(most, _READ_BYTES))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


FORMAT = FilesFormat()
