"""JSON Lines: a line is an object with a text and, perhaps, an id and fields to keep."""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from transforms.documents import Source, Split
from transforms.rejects import Reason
from transforms.sources import lines, record_fields
from transforms.sources.base import Opener, ReadConfig, ReadPart, Seen
from transforms.sources.record_fields import Record, rejected

# Integers beyond 64 bits come out of orjson as floats; the standard library keeps their digits.
_LONG_NUMBER = re.compile(rb"\d{19}")


class JsonLinesFormat:
    """UTF-8 JSON, one object a line (https://jsonlines.org)."""

    extensions = (".jsonl", ".ndjson", ".json")
    is_text = True
    can_start_anywhere = True

    def cut(self, source: Source, _: Opener, config: ReadConfig) -> list[Split]:
        """Cut by byte range; see `lines.cut_by_bytes`."""
        return lines.cut_by_bytes(source, config.part_bytes)

    def check(self, config: ReadConfig) -> None:
        """Refuse a separator: records have fields."""
        record_fields.check_no_separator(config)

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Give the parts of a split."""
        blocks = lines.read_blocks(split, stream, config.part_bytes, config.max_document_bytes)
        for block in blocks:
            batch = parse(block, split.source.path, config)
            yield ReadPart(block.start, block.end, block.at_end, batch)

    def look(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Seen:
        """Look at the records that a split begins with."""
        blocks = lines.read_blocks(split, stream, config.part_bytes, config.max_document_bytes)
        block = next(iter(blocks))
        values = [_load_sound(line.as_buffer()) for line in block.lines]
        found = [value for value in values if isinstance(value, dict)]
        names = dict.fromkeys(name for value in found for name in value)
        return Seen(tuple(names), record_fields.types_of(found, config))


def _load_sound(line: Any) -> Any:
    """Read JSON; None of what is none."""
    try:
        return _load(_stripped(line))
    except (ValueError, RecursionError):
        return None


def _stripped(line: Any) -> bytes:
    return bytes(line).removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")


def _load(raw: bytes) -> Any:
    """Read JSON, with all digits of integers; ValueError or RecursionError of what is none."""
    value = orjson.loads(raw)
    return json.loads(raw) if _LONG_NUMBER.search(raw) else value


def parse(block: lines.LineBlock, path: str, config: ReadConfig) -> pa.RecordBatch:
    """Turn a block of lines into documents; a row for every line, rejected or not."""
    too_large = rejected(Reason.TOO_LARGE, f"over {config.max_document_bytes} bytes")
    found = [
        too_large if oversize else parse_line(line.as_buffer(), config)
        for line, oversize in zip(block.lines, block.oversize, strict=True)
    ]
    if block.damage:
        damage = f"the file is damaged from here on: {block.damage}"
        found[-1] = rejected(Reason.UNREADABLE, damage)
    return record_fields.to_documents(found, block.positions, path, config)


def parse_line(line: Any, config: ReadConfig) -> Record:
    """Read one line (a buffer of bytes)."""
    raw = _stripped(line)
    if not raw:
        return rejected(Reason.EMPTY, "the line is blank")
    try:
        value = _load(raw)
        if not isinstance(value, dict):
            kind = record_fields.kind_of(value)
            return rejected(Reason.NOT_AN_OBJECT, f"the line holds a JSON {kind}")
        return record_fields.from_mapping(value, config, what="a JSON ")
    except ValueError as error:
        return _not_json(raw, error, config.encoding)
    except RecursionError:
        return rejected(Reason.BAD_JSON, "the object is nested too deeply")


def _not_json(raw: bytes, error: ValueError, encoding: str) -> Record:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as unreadable:
        why = f"the line is not {encoding.upper()}: {unreadable.reason}"
        return rejected(Reason.NOT_UTF8, why)
    return rejected(Reason.BAD_JSON, error)


FORMAT = JsonLinesFormat()
