"""Whole files: each is a document, and its path the id.

Many small files make a part together, so a source is all that a glob matches, and positions are
numbers of files.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, cast

import pyarrow as pa

from transforms import documents
from transforms.documents import Member, Source, Split, fingerprint
from transforms.io.decompressing import DamagedError, open_compressed
from transforms.io.transcoding import as_utf8
from transforms.rejects import Reason
from transforms.sources import record_fields
from transforms.sources.base import ReadConfig, ReadPart, Seen
from transforms.sources.record_fields import Record, rejected

NAME = "files"
_MOST_MEMBERS = 4096
_READ_BYTES = 1 << 16


class MemberStreams:
    """Stands for the stream of a source of several files: opens each of them."""

    def __init__(self, open_: Callable[[str], BinaryIO]) -> None:
        self.open = open_

    def close(self) -> None:
        """Do nothing: each is closed once it is read."""


class FilesFormat:
    """A file a document, in the encoding that is told."""

    extensions = ()
    is_text = False
    can_start_anywhere = True

    def check(self, config: ReadConfig) -> None:
        """Refuse fields and pairs: a file is one text."""
        flags = {
            "--id_field": config.id_field,
            "--keep_fields": config.keep_fields,
            "--text_b_field": config.text_b_field,
            "--pair_separator": config.pair_separator,
        }
        for flag in (flag for flag, value in flags.items() if value):
            raise ValueError(f"{flag} needs records; --input_format {NAME} has none: leave it out")

    def cut(self, *_: object) -> list[Split]:
        """Cut nothing: see `group`."""
        raise ValueError("files are grouped, not cut")

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Give the one part of a split; `stream` is a `MemberStreams`."""
        streams = cast(MemberStreams, stream)
        members = split.members[: (split.end or 0) - split.start]
        found = [_read_member(member, streams, config) for member in members]
        positions = list(range(split.start, split.start + len(found)))
        batch = record_fields.to_documents(found, positions, split.source.path, config)
        ids = pa.array([member.path for member in members], pa.large_string())
        place = batch.schema.get_field_index(documents.ID)
        batch = batch.set_column(place, documents.ID, ids)
        yield ReadPart(split.start, split.start + len(found), True, batch)

    def look(self, *_: object) -> Seen:
        """See nothing: files have no fields."""
        return Seen()


def group(path: str, members: Sequence[Member], part_bytes: int) -> list[Split]:
    """Make one source of files, and splits of about `part_bytes` each.

    Args:
        path: stands for all of them.
        members: in corpus order.
        part_bytes: bytes of a split, as stored.
    """
    told = [[member.path, member.size, member.version] for member in members]
    size = sum(member.size for member in members)
    source = Source(path, size, fingerprint(told)[:16], NAME)
    splits = []
    start = stored = 0
    for number, member in enumerate(members, 1):
        stored += member.size
        full = stored >= part_bytes or number - start >= _MOST_MEMBERS
        if full or number == len(members):
            own = tuple(members[start:number])
            splits.append(Split(source, start, number, stored=stored, members=own))
            start, stored = number, 0
    return splits


def _read_member(member: Member, streams: MemberStreams, config: ReadConfig) -> Record:
    most = config.max_document_bytes
    with contextlib.closing(streams.open(member.path)) as raw:
        stream = as_utf8(open_compressed(raw, member.compression), config.encoding)
        try:
            content = _read(stream, most + 1)
        except DamagedError as error:
            return rejected(Reason.UNREADABLE, f"the file is damaged: {error}")
    if len(content) > most:
        return rejected(Reason.TOO_LARGE, f"over {most} bytes")
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        return rejected(Reason.NOT_UTF8, f"the file is not {config.encoding.upper()}")
    return Record(text=text) if text.strip() else rejected(Reason.EMPTY, "the file has no text")


def _read(stream: BinaryIO, most: int) -> bytes:
    pieces: list[bytes] = []
    while most > 0 and (piece := stream.read(min(most, _READ_BYTES))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


FORMAT = FilesFormat()
