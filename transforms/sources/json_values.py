r"""One JSON object in bytes: parse it, and make a document of it.

What some programs write beside the standard costs nothing in fields that nobody asks for: `NaN` and
`Infinity`, numbers of any length, and lone surrogates such as `"\ud800"`. In a field that is asked
for, the rejection names them. No number is replaced by another one: a `fields.JsonNumber` has the
digits that no number of Python has. No value of a field is lost: `fields.RepeatedKeys` are the
objects with a key twice.
"""

import json
import re
from typing import Any

import orjson

from transforms import fields
from transforms.features import INT64, JSON, STRING
from transforms.fields import JsonNumber, KeptField, RepeatedKeys, WrongTypeError, json_text
from transforms.fields.exact_numbers import is_whole_as_written, keeps_digits
from transforms.io.transcoding import UTF8
from transforms.rejects import Reason
from transforms.sources import encodings, record_fields
from transforms.sources.base import ReadConfig
from transforms.sources.record_fields import Record, rejected

# A number that a float may not keep: its digits, or an exponent of three digits. orjson reads
# integers beyond 64 bits as floats too.
_NO_SHORT_FLOAT = re.compile(rb"\d[\d.]{15}|\d[eE][+-]?\d{3}")
# A number that a float may write otherwise: also any exponent, and zeros at the end.
_NO_USUAL_FLOAT = re.compile(rb"\d[\d.]{15}|\d[eE]|\.\d+0(?!\d)|\b0\.0000|-0(?![\d.])")

# Each key of an object, and some places within texts.
_KEY = re.compile(rb'"\s*:')


def to_record(raw: bytes, config: ReadConfig, place: str = "the line") -> Record:
    """Make a document of a JSON object, or return its rejection.

    Args:
        raw: the object, without a byte order mark.
        config: names the fields to read.
        place: where the value is, for messages.
    """
    try:
        value = _parse(raw, config)
        if not isinstance(value, dict):
            kind = record_fields.kind_of(value)
            return rejected(Reason.NOT_AN_OBJECT, f"{place} holds a JSON {kind}")
        return record_fields.from_mapping(value, config, kind_prefix="a JSON ", keep=_keep)
    except ValueError as error:
        text = raw.decode(UTF8, "surrogateescape")
        problem = encodings.problem_of_text(place, text, config.encoding)
        return rejected(Reason.NOT_UTF8, problem) if problem else rejected(Reason.BAD_JSON, error)
    except RecursionError:
        return rejected(Reason.BAD_JSON, "the object is nested too deeply")


def _keep(value: Any, field: KeptField) -> Any:
    """Keep a value, but no integer with other digits than those of the float that is written.

    1.1e18 is an integer, and so is the float next to 1.2345678901234568e18: another one.
    """
    if field.type == INT64 and isinstance(value, float) and not is_whole_as_written(value):
        raise WrongTypeError(fields.describe(value, field))
    return fields.keep(value, field)


def to_mapping(raw: bytes, config: ReadConfig) -> dict[str, Any] | None:
    """Parse a JSON object for a sample; return None if the bytes are not one."""
    try:
        value = _parse(raw, config)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _parse(raw: bytes, config: ReadConfig) -> Any:
    """Parse a JSON value; the numbers of fields to keep have all digits.

    Raises:
        UnicodeDecodeError: the bytes are not UTF-8.
        ValueError: they are not JSON.
        RecursionError: the value is nested too deeply.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _parse_what_orjson_refuses(raw, config, error)
    asked = _asked(value, config)
    kept = {field.name for field in config.kept if field.type == JSON}
    for name, one in asked.items():
        unusual = _NO_USUAL_FLOAT if name in kept else _NO_SHORT_FLOAT
        if isinstance(one, float | dict | list) and unusual.search(raw):
            return _parse_exactly(raw, config)
    has_keys = any(map(_count_keys, asked.values()))
    if has_keys and len(_KEY.findall(raw)) != _count_keys(value):
        return _parse_exactly(raw, config)
    return value


def _count_keys(value: Any) -> int:
    """Return the number of keys of the objects in a value."""
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    if isinstance(value, list) and not {dict, list}.isdisjoint(map(type, value)):
        return sum(map(_count_keys, value))
    return 0


def _parse_what_orjson_refuses(
    raw: bytes, config: ReadConfig, error: orjson.JSONDecodeError
) -> Any:
    """Parse a value that may be JSON with a NaN; raise as `_parse` does.

    Where both libraries refuse the same place, the message is that of orjson.
    """
    try:
        return _parse_exactly(raw, config)
    except json.JSONDecodeError as other:
        raise (error if error.pos == other.pos else other) from None


def _asked(value: Any, config: ReadConfig) -> dict[str | None, Any]:
    """Return the values of an object that are its id, are kept, or become text."""
    names = [config.id_field, *(field.name for field in config.kept)]
    if config.template is not None:
        names += config.text_fields
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else {}


def _parse_exactly(raw: bytes, config: ReadConfig) -> Any:
    """Parse a JSON value with all digits of its numbers; floats that nobody asked for stay text."""
    value = json_text.parse(raw.decode(UTF8))
    if isinstance(value, RepeatedKeys):
        # Of the fields of a document with one name the last one counts.
        value = dict(value.pairs)
    types = {field.name: field.type for field in config.kept}
    for name, one in _asked(value, config).items():
        type_ = types.get(str(name), "")
        if isinstance(one, JsonNumber) and type_ != JSON:
            value[name] = _float(one)
        elif isinstance(one, list) and type_ not in (JSON, STRING):
            value[name] = [_float(item) for item in one]
    return value


def _float(value: Any) -> Any:
    """Return the number in place of a text of which a float has the digits."""
    if not isinstance(value, JsonNumber) or not value.is_finite:
        return value
    number = float(value.text)
    return number if keeps_digits(value.text, number) else value
