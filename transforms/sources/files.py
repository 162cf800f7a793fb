"""Whole files: each is one document, and its path is the id."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from transforms import documents
from transforms.documents import Source, Split
from transforms.io.transcoding import as_utf8
from transforms.io.watching import DamagedError
from transforms.rejects import Reason
from transforms.sources import encodings, record_fields
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart
from transforms.sources.record_fields import Record, rejected

NAME = "files"
_READ_BYTES = 1 << 16


class FilesFormat(Format):
    """One document a file, in the configured encoding."""

    can_start_anywhere = True
    is_one_document = True
    reads_any_bytes = True

    def check(self, config: ReadConfig) -> None:
        """Refuse fields and pairs, because a file is one text."""
        settings = {
            "text_template": config.text_template,
            "id_field": config.id_field,
            "keep_fields": config.keep_fields,
            "text_b_field": config.text_b_field,
            "pair_separator": config.pair_separator,
        }
        for name in (name for name, value in settings.items() if value):
            raise ValueError(
                f"`{name}` needs records; `input_format` {NAME} has none: leave it out"
            )

    def cut(self, source: Source, _: Opener, __: ReadConfig) -> list[Split]:
        """Return the file as one split; an empty file is a document too."""
        return [Split(source, 0, max(1, source.size) if source.splittable else None)]

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the document if the split has its first byte."""
        end = split.start + 1 if split.end is None else split.end
        text = as_utf8(stream, config.encoding)
        records = [] if split.start else [_read_document(text, config)]
        path = split.source.path
        batch = record_fields.to_documents(records, [0] * len(records), path, config)
        index = batch.schema.get_field_index(documents.ID)
        ids = pa.array([path] * len(records), pa.large_string())
        yield ReadPart(split.start, end, True, batch.set_column(index, documents.ID, ids))


def _read_document(stream: BinaryIO, config: ReadConfig) -> Record:
    most = config.max_document_bytes
    try:
        content = _read(stream, most + 1)
    except DamagedError as error:
        return rejected(Reason.UNREADABLE, f"the file is damaged: {error}")
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
