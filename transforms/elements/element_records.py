"""The texts of elements as records, which the embedder takes, or why there are none."""

from collections.abc import Mapping
from typing import Any

from transforms.elements.element_fields import fields_of
from transforms.elements.text_config import TextConfig
from transforms.rejects import Reason
from transforms.sources import record_fields
from transforms.sources.base import ReadConfig
from transforms.sources.record_fields import Record


def to_record(element: Any, config: TextConfig) -> Record:
    """Return the texts of an element, or a rejected record."""
    fields = fields_of(element, config.text_field)
    if fields is None:
        kind = type(element).__name__
        return record_fields.rejected(Reason.WRONG_TYPE, f"{kind} is no text, and has no fields")
    taken = [name for name in config.names if name in fields]
    if taken:
        return record_fields.rejected(Reason.WRONG_TYPE, f"it has a field {taken[0]!r} already")
    return read_texts(fields, config.read)


def read_texts(fields: Mapping[str, Any], config: ReadConfig) -> Record:
    """Return the texts among fields; a rejected record if one cannot be embedded."""
    record = record_fields.from_mapping(fields, config)
    limit = config.max_document_bytes
    try:
        longest = max(len(text.encode()) for text in (record.text, record.text_b))
    except UnicodeEncodeError as error:
        return record_fields.rejected(Reason.NOT_UTF8, error)
    if longest > limit:
        return record_fields.rejected(Reason.TOO_LARGE, f"over {limit} bytes")
    return record
