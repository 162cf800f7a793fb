"""JSON Lines: a line is an object with a text and, perhaps, an id and fields to keep."""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from transforms import documents, rejects
from transforms.documents import Source, Split
from transforms.rejects import Reason
from transforms.sources import lines
from transforms.sources.base import ReadConfig, ReadPart

# Integers beyond 64 bits come out of orjson as floats; the standard library keeps their digits.
_LONG_NUMBER = re.compile(rb"\d{19}")


@dataclasses.dataclass(frozen=True)
class _Record:
    """What one line came to; `reason` is None where the text is sound."""

    text: str = ""
    text_b: str = ""
    id: str | None = None
    fields: tuple[str | None, ...] = ()
    reason: Reason | None = None
    detail: str | None = None


class JsonLinesFormat:
    """UTF-8 JSON, one object a line (https://jsonlines.org)."""

    extensions = (".jsonl", ".ndjson", ".json")

    def cut(self, source: Source, part_bytes: int) -> list[Split]:
        """Cut by byte range; see `lines.cut_by_bytes`."""
        return lines.cut_by_bytes(source, part_bytes)

    def check(self, config: ReadConfig) -> None:
        """Refuse a separator: records have fields."""
        if config.pair_separator and not config.text_b_field:
            raise ValueError("--pair_separator is for plain text; records have --text_b_field")

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Give the parts of a split."""
        blocks = lines.read_blocks(split, stream, config.part_bytes, config.max_document_bytes)
        for block in blocks:
            batch = parse(block, split.source.path, config)
            yield ReadPart(block.start, block.end, block.at_end, batch)


def parse(block: lines.LineBlock, path: str, config: ReadConfig) -> pa.RecordBatch:
    """Turn a block of lines into documents; a row for every line, rejected or not."""
    too_large = _rejected(Reason.TOO_LARGE, f"over {config.max_document_bytes} bytes")
    records = [
        too_large if oversize else parse_line(line.as_buffer(), config)
        for line, oversize in zip(block.lines, block.oversize, strict=True)
    ]
    if block.damage:
        damage = f"the file is damaged from here on: {block.damage}"
        records[-1] = _rejected(Reason.UNREADABLE, damage)
    places = documents.record_ids(path, block.positions.tolist())
    absent = (None,) * len(config.keep_fields)
    columns = zip(*(record.fields or absent for record in records), strict=True)
    kept = list(columns) if records else [() for _ in config.keep_fields]
    return documents.documents_batch(
        ids=[record.id or place for record, place in zip(records, places, strict=True)],
        positions=block.positions,
        text=[record.text for record in records],
        text_b=[record.text_b for record in records] if config.pairs else None,
        reasons=[record.reason and record.reason.value for record in records],
        details=[record.detail for record in records],
        fields=dict(zip(config.keep_fields, kept, strict=True)),
    )


def parse_line(line: Any, config: ReadConfig) -> _Record:
    """Read one line (a buffer of bytes)."""
    raw = bytes(line).removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")
    if not raw:
        return _rejected(Reason.EMPTY, "the line is blank")
    try:
        value = orjson.loads(raw)
        if _LONG_NUMBER.search(raw):
            value = json.loads(raw)
        if not isinstance(value, dict):
            return _rejected(Reason.NOT_AN_OBJECT, f"the line holds a JSON {_kind(value)}")
        return _from_object(value, config)
    except ValueError as error:
        return _not_json(raw, error)
    except RecursionError:
        return _rejected(Reason.BAD_JSON, "the object is nested too deeply")


def _from_object(value: dict[str, Any], config: ReadConfig) -> _Record:
    id_, problem = _id(value, config.id_field)
    if problem:
        return problem
    text, problem = _text(value, config.text_field)
    if not problem and not text.strip():
        problem = _rejected(Reason.EMPTY, f"field {config.text_field!r} has no text")
    text_b = ""
    if config.text_b_field and not problem:
        # A document may do without a second text, but it has to say so.
        text_b, problem = _text(value, config.text_b_field, null="")
    record = problem or _Record(text=text, text_b=text_b)
    fields = tuple(_kept(value.get(name)) for name in config.keep_fields)
    return dataclasses.replace(record, id=id_, fields=fields)


def _id(value: dict[str, Any], id_field: str | None) -> tuple[str | None, _Record | None]:
    if id_field is None:
        return None, None
    if id_field not in value:
        return None, _rejected(Reason.MISSING_FIELD, f"no field {id_field!r}")
    id_ = value[id_field]
    if isinstance(id_, bool) or not isinstance(id_, str | int) or id_ == "":
        detail = f"field {id_field!r} is no id: give a string or an integer"
        return None, _rejected(Reason.WRONG_TYPE, detail)
    return str(id_), None


def _text(value: dict[str, Any], field: str, null: str | None = None) -> tuple[str, _Record | None]:
    """Take a text out of an object; `null` stands for a JSON null where that is allowed."""
    if field not in value:
        return "", _rejected(Reason.MISSING_FIELD, f"no field {field!r}")
    text = null if value[field] is None else value[field]
    if not isinstance(text, str):
        kind = _kind(value[field])
        return "", _rejected(Reason.WRONG_TYPE, f"field {field!r} holds a JSON {kind}")
    return text, None


def _kept(value: Any) -> str | None:
    """Keep a string as it is, anything else as JSON text."""
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _not_json(raw: bytes, error: ValueError) -> _Record:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as unreadable:
        return _rejected(Reason.NOT_UTF8, f"the line is not UTF-8: {unreadable.reason}")
    return _rejected(Reason.BAD_JSON, error)


def _rejected(reason: Reason, detail: object) -> _Record:
    return _Record(reason=reason, detail=rejects.detail(detail))


def _kind(value: Any) -> str:
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(value), "number")


FORMAT = JsonLinesFormat()
