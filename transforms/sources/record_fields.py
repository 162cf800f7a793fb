"""Records with fields, whatever file they stand in, as documents."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import documents, fields, rejects
from transforms.fields import KeptField, WrongTypeError
from transforms.rejects import Reason
from transforms.sources.base import ReadConfig

Keep = Callable[[Any, KeptField], Any]


@dataclasses.dataclass(frozen=True)
class Record:
    """What one record came to; `reason` is None where the text is sound."""

    text: str = ""
    text_b: str = ""
    id: str | None = None
    fields: tuple[Any, ...] = ()
    reason: Reason | None = None
    detail: str | None = None


def rejected(reason: Reason, detail: object) -> Record:
    """Reject a record."""
    return Record(reason=reason, detail=rejects.detail(detail))


def check_no_separator(config: ReadConfig) -> None:
    """Refuse a separator: records have fields."""
    if config.pair_separator and not config.text_b_field:
        raise ValueError("--pair_separator is for plain text; records have --text_b_field")


def from_mapping(
    value: Mapping[str, Any], config: ReadConfig, what: str = "a ", keep: Keep = fields.keep
) -> Record:
    """Take a document out of a record.

    Args:
        value: the record, by field.
        config: which fields are what.
        what: stands before the kind of a value in messages.
        keep: makes of a value what a record carries.
    """
    id_, problem = _id(value, config.id_field)
    if problem:
        return problem
    text, problem = _text(value, config.text_field, what)
    if not problem and not text.strip():
        problem = rejected(Reason.EMPTY, f"field {config.text_field!r} has no text")
    text_b = ""
    if config.text_b_field and not problem:
        # A document may do without a second text, but it has to say so.
        text_b, problem = _text(value, config.text_b_field, what, null="")
    kept: tuple[Any, ...] = ()
    if not problem:
        try:
            kept = tuple(keep(value.get(field.name), field) for field in config.kept)
        except WrongTypeError as error:
            problem = rejected(Reason.WRONG_TYPE, error)
    record = problem or Record(text=text, text_b=text_b)
    return dataclasses.replace(record, id=id_, fields=kept)


def _id(value: Mapping[str, Any], id_field: str | None) -> tuple[str | None, Record | None]:
    if id_field is None:
        return None, None
    if id_field not in value:
        return None, rejected(Reason.MISSING_FIELD, f"no field {id_field!r}")
    id_ = value[id_field]
    if isinstance(id_, bool) or not isinstance(id_, str | int) or id_ == "":
        detail = f"field {id_field!r} is no id: give a string or an integer"
        return None, rejected(Reason.WRONG_TYPE, detail)
    return str(id_), None


def _text(
    value: Mapping[str, Any], field: str, what: str, null: str | None = None
) -> tuple[str, Record | None]:
    """Take a text out of a record; `null` stands for a null where that is allowed."""
    if field not in value:
        return "", rejected(Reason.MISSING_FIELD, f"no field {field!r}")
    text = null if value[field] is None else value[field]
    if not isinstance(text, str):
        kind = kind_of(value[field])
        return "", rejected(Reason.WRONG_TYPE, f"field {field!r} holds {what}{kind}")
    return text, None


def kind_of(value: Any) -> str:
    """Name the kind of a value as JSON does."""
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return {**kinds, bytes: "value of bytes"}.get(type(value), "number")


def to_documents(
    records: Sequence[Record], positions: Sequence[int] | np.ndarray, path: str, config: ReadConfig
) -> pa.RecordBatch:
    """Make the documents of a part; a row for every record, rejected or not.

    Args:
        records: as they were read.
        positions: of each.
        path: of their file.
        config: which fields they keep.
    """
    places = documents.record_ids(path, [int(position) for position in positions])
    absent = (None,) * len(config.kept)
    columns = list(zip(*(record.fields or absent for record in records), strict=True))
    columns = columns or [()] * len(config.kept)
    return documents.documents_batch(
        ids=[record.id or place for record, place in zip(records, places, strict=True)],
        positions=pa.array(positions, pa.int64()),
        text=[record.text for record in records],
        text_b=[record.text_b for record in records] if config.pairs else None,
        reasons=[record.reason and record.reason.value for record in records],
        details=[record.detail for record in records],
        fields={
            field.name: fields.column(column, field)
            for field, column in zip(config.kept, columns, strict=True)
        },
    )


def types_of(
    values: Sequence[Mapping[str, Any]],
    config: ReadConfig,
    tell: Callable[[Any], str] = fields.type_of,
) -> tuple[str, ...]:
    """Tell the types of the kept fields of some records; `""` where none has a value.

    Args:
        values: the records, by field.
        config: which fields they keep.
        tell: the type of a value; `""` of one that stands for none.
    """
    found = []
    for field in config.kept:
        seen = [value[field.name] for value in values if value.get(field.name) is not None]
        types = set(filter(None, map(tell, seen)))
        found.append(fields.common_type(types) if types else "")
    return tuple(found)
