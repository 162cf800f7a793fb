"""JSON arrays of objects: each object is a document.

A position is the first byte of an object in the uncompressed file.
"""

import itertools
from collections.abc import Iterator
from typing import BinaryIO

from transforms.documents import Source, Split
from transforms.sources import json_heads, json_values, record_fields
from transforms.sources.base import Format, ReadConfig, ReadPart, SampledFields
from transforms.sources.json_elements import Element, read_elements
from transforms.sources.ranges import into_ranges
from transforms.sources.record_fields import Record

# The types of fields are taken from this many objects, or fewer if they are large.
_SAMPLE = 256


class JsonFormat(Format):
    """Arrays of objects, or objects that follow each other, over any lines (RFC 8259)."""

    is_text = True

    def check(self, config: ReadConfig) -> None:
        """Refuse a pair separator, because records have fields."""
        record_fields.check_no_separator(config)

    def claims_text(self, text: str, _: str | None) -> bool:
        """Return whether the text begins as an array of objects."""
        return json_heads.is_array_of_objects(text)

    def cut(self, source: Source, *_: object) -> list[Split]:
        """Return the file as one split: only reading shows where an object begins."""
        return [Split(source, 0, None)] if source.size else []

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split."""
        elements = read_elements(stream, config.max_document_bytes)
        placed = ((element.position, element) for element in elements)
        for part in into_ranges(placed, split, config.part_bytes):
            records = [_record(element, config) for element in part.records]
            batch = record_fields.to_documents(records, part.positions, split.source.path, config)
            yield ReadPart(part.start, part.end, part.last, batch)

    def sample_fields(self, _: Split, stream: BinaryIO, config: ReadConfig) -> SampledFields:
        """Read names and types from the objects at the beginning of the file."""
        elements = itertools.islice(read_elements(stream, config.max_document_bytes), _SAMPLE)
        near = itertools.takewhile(lambda one: one.position < config.part_bytes, elements)
        values = (json_values.to_mapping(element.raw, config) for element in near)
        return record_fields.sample((value for value in values if value is not None), config)


def _record(element: Element, config: ReadConfig) -> Record:
    return element.problem or json_values.to_record(element.raw, config, "the value")


FORMAT = JsonFormat()
