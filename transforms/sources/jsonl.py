"""JSON Lines: each line is an object with a text and, optionally, an id and fields to keep."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from transforms.documents import Source, Split
from transforms.rejects import Reason
from transforms.sources import json_heads, json_values, lines, record_fields
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart, SampledFields
from transforms.sources.record_fields import Record, rejected

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What Jinja, Liquid and Handlebars write.
_TAGS = ("{{", "{%", "{#")
# Spaces of JSON, and what comes before each object in a sequence (RFC 7464).
_AROUND = b" \t\r\n\x1e"
_BLANK = rejected(Reason.EMPTY, "the line is blank")


class JsonLinesFormat(Format):
    """UTF-8 JSON, one object a line (https://jsonlines.org)."""

    endings = (".jsonl", ".ndjson", ".json")
    is_text = True
    can_start_anywhere = True

    def matches_text(self, text: str, _: str | None) -> bool:
        """Return whether the text begins with an object, and not with a tag of a template."""
        text = text.lstrip()
        return text.startswith("{") and not text.startswith(_TAGS)

    def claims_text(self, text: str, text_field: str | None) -> bool:
        """Return whether the first line is an object with the field of the text."""
        return json_heads.is_record(text, text_field)

    def problem_of_text(self, text: str, text_field: str | None, is_complete: bool) -> str | None:
        """Return why a file is JSON, but not one object a line."""
        return json_heads.problem(text, text_field, is_complete)

    def cut(self, source: Source, _: Opener, config: ReadConfig) -> list[Split]:
        """Cut by byte ranges; see `lines.cut_by_bytes`."""
        return lines.cut_by_bytes(source, config.part_bytes)

    def check(self, config: ReadConfig) -> None:
        """Refuse a pair separator, because records have fields."""
        record_fields.check_no_separator(config)

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split."""
        blocks = lines.read_blocks(split, stream, config.part_bytes, config.max_document_bytes)
        for block in blocks:
            batch = parse(block, split.source.path, config)
            yield ReadPart(block.start, block.end, block.at_end, batch)

    def sample_fields(self, split: Split, stream: BinaryIO, config: ReadConfig) -> SampledFields:
        """Read names and types from the records at the beginning of a split."""
        blocks = lines.read_blocks(split, stream, config.part_bytes, config.max_document_bytes)
        block = next(iter(blocks))
        raw = (_stripped(line.as_buffer()) for line in block.lines)
        values = (json_values.to_mapping(line, config) for line in raw)
        return record_fields.sample((value for value in values if value is not None), config)


def _stripped(line: pa.Buffer) -> bytes:
    return bytes(line).removeprefix(_BYTE_ORDER_MARK).strip(_AROUND)


def parse(block: lines.LineBlock, path: str | Sequence[str], config: ReadConfig) -> pa.RecordBatch:
    """Turn a block of lines into documents, one row for every line, rejected or not.

    Args:
        block: the lines.
        path: their file, or the file of each.
        config: how they become documents.
    """
    too_large = rejected(Reason.TOO_LARGE, f"over {config.max_document_bytes} bytes")
    records = [
        too_large if oversize else parse_line(line.as_buffer(), config)
        for line, oversize in zip(block.lines, block.oversize, strict=True)
    ]
    if block.damage:
        damage = f"the file is damaged from here on: {block.damage}"
        records[-1] = rejected(Reason.UNREADABLE, damage)
    return record_fields.to_documents(records, block.positions, path, config)


def parse_line(line: pa.Buffer, config: ReadConfig) -> Record:
    """Parse one line (a buffer of bytes)."""
    raw = _stripped(line)
    return json_values.to_record(raw, config) if raw else _BLANK


FORMAT = JsonLinesFormat()
