"""Values that are written as text: their types, and how they are parsed."""

import re
from collections.abc import Callable
from typing import Any

from transforms.features import (
    BOOL,
    BYTES,
    DATE,
    EXACT_FLOAT32,
    FLOAT32,
    FLOAT64,
    INT64,
    JSON,
    STRING,
    TIMESTAMP,
)
from transforms.fields import exact_numbers, json_text, moments, nested_values
from transforms.fields.kept_field import KeptField
from transforms.fields.single_values import WrongTypeError, describe, type_of

_FLOAT64_DIGITS = 15
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
# What floats accept; Python would also accept 1_000, other digits, and names of infinities.
_ANY_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLS = {"true": True, "1": True, "false": False, "0": False}


def type_of_text(text: str) -> str:
    """Return the type of a value that is written as text; `""` for blank text.

    Only plain decimal notation is a number: 007, +1, 1e5, and numbers with more digits than their
    type holds stay text.

    >>> [type_of_text(text) for text in ("12", "-1.50", "007", "1e5", "9" * 20, " ")]
    ['int64', 'float64', 'string', 'string', 'string', '']
    """
    text = text.strip()
    if not text:
        return ""
    if _INTEGER.fullmatch(text):
        return type_of(int(text))
    decimal = _DECIMAL.fullmatch(text) and sum(map(str.isdigit, text)) <= _FLOAT64_DIGITS
    return FLOAT64 if decimal else STRING


def parse_text(text: str, field: KeptField) -> Any:
    """Parse a value that is written as text; blank text is None, except in a text field.

    JSON, lists, structs and maps are written as JSON.

    Raises:
        WrongTypeError: the text is not a value of the field's type, or that type does not hold it.
    """
    if field.type in ("", STRING):
        return text
    if field.type == BYTES:
        return text.encode()
    if not text.strip():
        return None
    if field.type == JSON or field.nested is not None:
        return _from_json(text, field)
    try:
        return _PARSERS[field.type](text.strip())
    except (ValueError, KeyError, OverflowError) as error:
        raise WrongTypeError(describe(text, field)) from error


def _from_json(text: str, field: KeptField) -> Any:
    try:
        return nested_values.keep(json_text.parse(text), field)
    except (ValueError, RecursionError) as error:
        raise WrongTypeError(
            f"field {field.name!r} is no JSON of its type; `keep_fields` {field.name}:{STRING} "
            "keeps it as text"
        ) from error


def _parse_integer(text: str) -> int:
    # 007 and +49 are names, of which an integer would lose characters.
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return exact_numbers.to_int64(int(text))


def _float(convert: Callable[[str], float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not _ANY_NUMBER.fullmatch(text):
            raise ValueError(text)
        return convert(text)

    return parse


_PARSERS: dict[str, Callable[[str], Any]] = {
    INT64: _parse_integer,
    FLOAT64: _float(exact_numbers.to_float64),
    FLOAT32: _float(exact_numbers.to_float32),
    EXACT_FLOAT32: _float(exact_numbers.to_exact_float32),
    BOOL: lambda text: _BOOLS[text.lower()],
    TIMESTAMP: moments.parse_timestamp,
    DATE: moments.parse_date,
}
