"""Turn records with fields, of any format, into documents."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import documents, fields, rejects
from transforms.features import EXACT_FLOAT32, FLOAT64
from transforms.fields import JsonNumber, KeptField, RepeatedKeys, WrongTypeError, json_text
from transforms.rejects import Reason
from transforms.sources import ids, path_keys
from transforms.sources.base import ReadConfig, SampledFields
from transforms.templates import field_texts
from transforms.templates.blank_texts import is_blank
from transforms.templates.composing import compose, no_text
from transforms.templates.text_template import EMPTY

ToId = Callable[[Any], str | None]
Keep = Callable[[Any, KeptField], Any]
ToText = Callable[[Any], str]
# The value of a kept field that a record does not have; its path may have it.
MISSING = object()
_MOST_SHOWN = 40
_SURROGATE = "a lone surrogate, which no text can contain"


@dataclasses.dataclass(frozen=True)
class Record:
    """A record as it was read.

    Attributes:
        text, text_b: its texts.
        texts: the text of each field of a template, in place of `text`.
        id: None derives the id from source and position.
        fields: the values of the kept fields, `MISSING` for those that it does not have; empty if
            records of its format have no fields.
        reason, detail: why it is rejected; None if it is not.
    """

    text: str = ""
    text_b: str = ""
    texts: tuple[str, ...] = ()
    id: str | None = None
    fields: tuple[Any, ...] = ()
    reason: Reason | None = None
    detail: str | None = None


def rejected(reason: Reason, detail: object) -> Record:
    """Return a rejected record."""
    return Record(reason=reason, detail=rejects.detail(detail))


def check_no_separator(config: ReadConfig) -> None:
    """Refuse a pair separator, because records have fields."""
    if config.pair_separator and not config.text_b_field:
        raise ValueError("`pair_separator` is for plain text; for records give `text_b_field`")


def from_mapping(
    value: Mapping[str, Any],
    config: ReadConfig,
    kind_prefix: str = "a ",
    keep: Keep = fields.keep,
    to_id: ToId = ids.to_id,
    to_text: ToText = field_texts.text_of,
) -> Record:
    """Make a document of a record.

    Args:
        value: the record's values by field.
        config: names the fields to read.
        kind_prefix: precedes the kind of a value in messages.
        keep: converts a value to the type of its kept field.
        to_id: returns the id that a value makes; None if it makes none.
        to_text: returns the text of a field of a template; raises WrongTypeError if it has none.
    """
    id_, problem = _id(value, config.id_field, to_id)
    if problem:
        return problem
    texts, problem = _first_text(value, config, kind_prefix, to_text)
    text_b = ""
    if config.text_b_field and not problem:
        # A document without a second text must have a null or empty field.
        text_b, problem = _text(value, config.text_b_field, kind_prefix, null="")
    kept: tuple[Any, ...] = ()
    if not problem:
        try:
            kept = tuple(
                keep(value[field.name], field) if field.name in value else MISSING
                for field in config.kept
            )
        except WrongTypeError as error:
            problem = rejected(Reason.WRONG_TYPE, error)
    if problem:
        return dataclasses.replace(problem, id=id_, fields=kept)
    if config.template is not None:
        return Record(texts=texts, text_b=text_b, id=id_, fields=kept)
    return Record(text=texts[0], text_b=text_b, id=id_, fields=kept)


def _id(
    value: Mapping[str, Any], id_field: str | None, to_id: ToId
) -> tuple[str | None, Record | None]:
    if id_field is None:
        return None, None
    if id_field not in value:
        return None, rejected(Reason.MISSING_FIELD, f"no field {id_field!r}")
    written = value[id_field]
    if isinstance(written, JsonNumber):
        what = f"field {id_field!r} holds {written.text[:_MOST_SHOWN]}, no string or integer"
        return None, rejected(Reason.WRONG_TYPE, what)
    if isinstance(written, str) and fields.has_surrogate(written):
        return None, rejected(Reason.WRONG_TYPE, f"field {id_field!r} holds {_SURROGATE}")
    id_ = to_id(written)
    return id_, None if id_ else rejected(Reason.WRONG_TYPE, ids.no_id(id_field))


def _text(
    value: Mapping[str, Any], field: str, kind_prefix: str, null: str | None = None
) -> tuple[str, Record | None]:
    """Return a text of a record, or its rejection; `null` replaces a null if that is allowed."""
    if field not in value:
        return "", rejected(Reason.MISSING_FIELD, f"no field {field!r}")
    text = null if value[field] is None else value[field]
    if not isinstance(text, str):
        kind = kind_of(value[field])
        return "", rejected(Reason.WRONG_TYPE, f"field {field!r} holds {kind_prefix}{kind}")
    if fields.has_surrogate(text):
        return "", rejected(Reason.NOT_UTF8, f"field {field!r} holds {_SURROGATE}")
    return text, None


def _first_text(
    value: Mapping[str, Any], config: ReadConfig, kind_prefix: str, to_text: ToText
) -> tuple[tuple[str, ...], Record | None]:
    """Return the text of each field of the first text, or the rejection of the record."""
    if config.template is not None:
        return _texts(value, config, kind_prefix, to_text)
    text, problem = _text(value, config.text_field, kind_prefix)
    if not problem and not text.strip():
        problem = rejected(Reason.EMPTY, no_text([config.text_field]))
    return (text,), problem


def _texts(
    value: Mapping[str, Any], config: ReadConfig, kind_prefix: str, to_text: ToText
) -> tuple[tuple[str, ...], Record | None]:
    """Return the text of each field of a template, or the rejection of the record."""
    null = "" if config.template_missing == EMPTY else None
    texts: list[str] = []
    for name in config.text_fields:
        text, problem = _part_of_text(value, name, kind_prefix, null, to_text)
        if problem:
            return (), problem
        texts.append(text)
    if all(map(is_blank, texts)):
        return (), rejected(Reason.EMPTY, no_text(config.text_fields))
    return tuple(texts), None


def _part_of_text(
    value: Mapping[str, Any], field: str, kind_prefix: str, null: str | None, to_text: ToText
) -> tuple[str, Record | None]:
    """Return the text of a field of a template, or the rejection of the record; see `_text`."""
    written = value.get(field)
    if written is None:
        return ("", None) if null is not None else _text(value, field, kind_prefix)
    try:
        return _text({field: to_text(written)}, field, kind_prefix)
    except WrongTypeError:
        kind = kind_of(written)
        within = " of values that are no text" * isinstance(written, list)
        what = f"field {field!r} holds {kind_prefix}{kind}{within}"
        return "", rejected(Reason.WRONG_TYPE, what)


def kind_of(value: Any) -> str:
    """Return the name that JSON has for the kind of a value."""
    if isinstance(value, JsonNumber) and not value.is_finite:
        return value.text
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    others = {bytes: "value of bytes", RepeatedKeys: "object"}
    return {**kinds, **others}.get(type(value), "number")


def to_documents(
    records: Sequence[Record],
    positions: Sequence[int] | np.ndarray,
    path: str | Sequence[str],
    config: ReadConfig,
) -> pa.RecordBatch:
    """Make the documents of a part, one row for every record, rejected or not.

    Args:
        records: the records in order.
        positions: the position of each record.
        path: their file, or the file of each.
        config: names the fields to keep.
    """
    derived_ids = documents.record_ids(path, [int(position) for position in positions])
    records = fill_from_path(records, path, config)
    columns = list(zip(*(record.fields for record in records), strict=True))
    columns = columns or [()] * len(config.kept)
    text, places = _texts_of(records, config)
    return documents.documents_batch(
        ids=[record.id or derived for record, derived in zip(records, derived_ids, strict=True)],
        positions=pa.array(positions, pa.int64()),
        text=text,
        text_b=[record.text_b for record in records] if config.pairs else None,
        reasons=[record.reason and record.reason.value for record in records],
        details=[record.detail for record in records],
        fields={
            field.name: fields.column(column, field)
            for field, column in zip(config.kept, columns, strict=True)
        },
        places=places,
    )


def _texts_of(
    records: Sequence[Record], config: ReadConfig
) -> tuple[Sequence[str] | pa.Array, pa.Array | None]:
    """Return the first texts of records, and the places of the fields of a template in them."""
    template = config.template
    if template is None:
        return [record.text for record in records], None
    none = ("",) * len(template.names)
    texts = [none if record.reason else record.texts for record in records]
    by_field = list(zip(*texts, strict=True)) or [()] * len(none)
    columns = [pa.array(column, pa.large_string()) for column in by_field]
    valid = np.array([record.reason is None for record in records], bool)
    composed = compose(template, columns, valid)
    return composed.text, composed.places.to_column()


def fill_from_path(
    records: Sequence[Record], path: str | Sequence[str], config: ReadConfig
) -> Sequence[Record]:
    """Fill the kept fields that records do not have from the keys of their path.

    Args:
        records: those of one file, or of several.
        path: their file, or the file of each.
        config: names the fields to keep.
    """
    kept = config.kept
    if not kept:
        return records
    paths = [path] * len(records) if isinstance(path, str) else path
    values = {path: [path_keys.value_of(path, field) for field in kept] for path in set(paths)}
    none = (MISSING,) * len(kept)
    return [
        _fill(record, record.fields or none, values[path])
        for record, path in zip(records, paths, strict=True)
    ]


def _fill(record: Record, kept: tuple[Any, ...], values: Sequence[Any]) -> Record:
    if not any(own is MISSING for own in kept):
        return record
    pairs = zip(kept, values, strict=True)
    filled = [value if own is MISSING else own for own, value in pairs]
    for place, value in enumerate(filled):
        if isinstance(value, WrongTypeError):
            filled[place] = None
            if not record.reason:
                problem = rejected(Reason.WRONG_TYPE, value)
                record = dataclasses.replace(problem, id=record.id)
    return dataclasses.replace(record, fields=tuple(filled))


def sample(
    values: Iterable[Mapping[str, Any]],
    config: ReadConfig,
    type_of: Callable[[Any], str] = fields.type_of,
    keep: Keep = fields.keep,
    common: Callable[[set[str]], str] = fields.common_type,
) -> SampledFields:
    """Return what the fields of some records are, and of those to keep the types.

    Args:
        values: the records' values by field; one record at a time is held.
        config: names the fields to keep.
        type_of: returns the type of a value; `""` for a value that represents a null.
        keep: converts a value to the type of its kept field.
        common: returns the type of a field with values of several types.
    """
    names: dict[str, None] = {}
    types: list[set[str]] = [set() for _ in config.kept]
    wide = [""] * len(config.kept)
    arrays: dict[str, None] = {}
    for value in values:
        arrays.update((name, None) for name, one in value.items() if _has_objects(one))
        names.update(dict.fromkeys(value))
        for place, field in enumerate(config.kept):
            one = value.get(field.name)
            if one is not None:
                types[place].add(type_of(one))
                wide[place] = wide[place] or _wide_number(one, field, keep)
    known = [found - {""} for found in types]
    return SampledFields(
        tuple(names),
        tuple(common(found) if found else "" for found in known),
        tuple(wide),
        arrays=tuple(arrays),
    )


def _has_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _wide_number(value: Any, field: KeptField, keep: Keep) -> str:
    """Return the number that needs a float64, as text; empty for other values.

    Args:
        value: one of a field, or a list of some.
        field: of any type.
        keep: converts a value to the type of its kept field.
    """
    if FLOAT64 not in (field.type or FLOAT64, field.scalars):
        return ""
    return next(filter(None, (_wide(one, field, keep) for one in _scalars(value))), "")


def _scalars(value: Any) -> Iterator[Any]:
    yield from (one for one in json_text.items(value) if one is not None)


def _wide(value: Any, field: KeptField, keep: Keep) -> str:
    try:
        number = keep(value, KeptField(field.name, FLOAT64))
    except WrongTypeError:
        return ""
    try:
        keep(value, KeptField(field.name, EXACT_FLOAT32))
    except WrongTypeError:
        return repr(number)
    return ""
