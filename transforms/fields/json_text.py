"""Values of JSON and their text: compact, in UTF-8, with the digits that numbers have."""

import datetime
import decimal
import json
import math
from collections.abc import Sequence
from typing import Any

import orjson

# The standard library refuses to convert more digits.
_MOST_DIGITS = 4300


class JsonNumber:
    """A number of a JSON text that no number of Python is: NaN, an infinity, or too many digits.

    It is no dataclass, because orjson would write one as an object.

    Attributes:
        text: the number as it is written.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def is_finite(self) -> bool:
        """Whether it has digits."""
        return self.text[-1].isdigit()


class RepeatedKeys:
    """An object of a JSON text that has a key twice: a dict would lose a value.

    Attributes:
        pairs: its keys and values in order.
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def parse(text: str) -> Any:
    """Parse a JSON value.

    Numbers with a fraction or an exponent, and NaN, are `JsonNumber`. Objects with a key twice are
    `RepeatedKeys`.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(
        text,
        parse_float=JsonNumber,
        parse_int=_integer,
        parse_constant=JsonNumber,
        object_pairs_hook=_object,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | RepeatedKeys:
    value = dict(pairs)
    return value if len(value) == len(pairs) else RepeatedKeys(pairs)


def _integer(text: str) -> int | JsonNumber:
    return int(text) if len(text) <= _MOST_DIGITS else JsonNumber(text)


def write(value: Any) -> str:
    """Write a value; numbers of `JsonNumber` as they are, bytes as the text that they are.

    Raises:
        ValueError: JSON does not have such a value, as NaN, bytes that are not UTF-8, or a key
            twice.
    """
    if not any(isinstance(one, float) and not math.isfinite(one) for one in items(value)):
        try:
            return orjson.dumps(value, default=_special).decode()
        except (orjson.JSONEncodeError, TypeError):
            # It refuses integers of more than 64 bits, lone surrogates, and deep nesting.
            pass
    if _is_impossible(value):
        raise ValueError("JSON has no NaN, no infinities, and no key twice")
    text = write_all(value)
    # A lone surrogate has no UTF-8.
    text.encode()
    return text


def items(value: Any) -> Sequence[Any]:
    """Return the items of a list, and of another value itself."""
    return value if isinstance(value, list) else (value,)


def _special(value: Any) -> Any:
    """Return what orjson writes for a value that it does not know."""
    if isinstance(value, JsonNumber) and value.is_finite:
        return orjson.Fragment(value.text)
    if isinstance(value, decimal.Decimal):
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, bytes):
        return value.decode()
    raise TypeError


def _is_impossible(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_impossible, value))
    if isinstance(value, dict):
        return any(map(_is_impossible, value.values()))
    if isinstance(value, JsonNumber):
        return not value.is_finite
    if isinstance(value, RepeatedKeys):
        return True
    return isinstance(value, float) and not math.isfinite(value)


def write_all(value: Any) -> str:
    """Write what orjson refuses: long integers, literals, NaN, keys that repeat, deep nesting.

    Raises:
        ValueError: it contains bytes that are not UTF-8.
    """
    if isinstance(value, JsonNumber):
        return value.text
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, list | tuple):
        return f"[{','.join([write_all(item) for item in value])}]"
    if isinstance(value, dict):
        value = RepeatedKeys(list(value.items()))
    if isinstance(value, RepeatedKeys):
        pairs = [f"{write_all(name)}:{write_all(item)}" for name, item in value.pairs]
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, datetime.date):
        value = value.isoformat()
    return json.dumps(value, ensure_ascii=False)
