"""Values of kept fields that are lists, structs and maps, as a format has read them."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from transforms.features import BYTES, FLOAT64, INT64, JSON, STRING
from transforms.fields import arrow_leaves, exact_numbers, single_values
from transforms.fields.json_text import JsonNumber, RepeatedKeys
from transforms.fields.kept_field import KeptField, common_type
from transforms.fields.nested_types import Leaf, ListOf, MapOf, NestedType, StructOf
from transforms.fields.single_values import WrongTypeError

# The types of Python whose lists need no look at each value, by the type of the field.
_WHOLE_LISTS: dict[str, type] = {STRING: str, INT64: int, FLOAT64: float}
_SHOWN = 60


def keep(value: Any, field: KeptField) -> Any:
    """Convert a value to what a record keeps, which `field.arrow` accepts; None stays None.

    A text field keeps a string unchanged, and any other value as JSON. Timestamps and dates may be
    text. A struct may lack fields, which are null then, but has no others.

    Raises:
        WrongTypeError: the value has another type, or that type does not hold it.
    """
    nested = field.nested
    if nested is None or value is None:
        return single_values.keep_single(value, field)
    try:
        return _convert(value, nested)
    except (ValueError, OverflowError) as error:
        raise WrongTypeError(describe_nested(field)) from error


def describe_nested(field: KeptField) -> str:
    """Describe a value that is not of the nested type of its field, with the remedy."""
    type_ = field.type if len(field.type) <= _SHOWN else f"{field.type[:_SHOWN]}..."
    return f"field {field.name!r} is no {type_}; `keep_fields` {field.name}:{JSON} keeps it as JSON"


def _convert(value: Any, type_: NestedType) -> Any:
    if isinstance(type_, ListOf):
        return _list(value, type_)
    if value is None:
        return None
    if isinstance(type_, StructOf):
        return _struct(value, type_)
    return _map(value, type_) if isinstance(type_, MapOf) else _leaf(value, type_)


def _list(value: Any, type_: ListOf) -> Any:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError(value)
    kinds = set(map(type, value))
    if type_.not_null and type(None) in kinds:
        raise ValueError(value)
    if isinstance(type_.item, Leaf) and kinds == {_WHOLE_LISTS.get(type_.item.name)}:
        _check_all(value, type_.item.name)
        return value
    return [_convert(item, type_.item) for item in value]


def _check_all(values: list[Any], type_: str) -> None:
    """Raise ValueError if a text has no UTF-8, or no int64 holds an integer."""
    if type_ == STRING:
        "".join(values).encode()
    elif type_ == INT64 and not (
        exact_numbers.in_int64(min(values)) and exact_numbers.in_int64(max(values))
    ):
        raise ValueError(values)


def _struct(value: Any, type_: StructOf) -> dict[str, Any]:
    children = dict(type_.children)
    if not isinstance(value, dict) or not value.keys() <= children.keys():
        raise ValueError(value)
    return {name: _convert(value.get(name), child) for name, child in children.items()}


def _map(value: Any, type_: MapOf) -> list[tuple[Any, Any]]:
    if not isinstance(value, dict):
        raise ValueError(value)
    return [(_convert(key, type_.key), _convert(one, type_.item)) for key, one in value.items()]


def _leaf(value: Any, type_: Leaf) -> Any:
    if type_.name == INT64 or (type_.is_of_arrow and pa.types.is_integer(type_.arrow)):
        value = _whole(value)
    if not type_.is_of_arrow:
        return single_values.CONVERTERS[type_.name](value)
    if not pa.types.is_integer(type_.arrow):
        raise ValueError(value)
    # Raises ArrowInvalid, a ValueError, beyond the range.
    return pa.scalar(single_values.CONVERTERS[INT64](value), type_.arrow).as_py()


def _whole(value: Any) -> Any:
    """Return a number; ValueError if it has other digits than those of the float that is written.

    See `json_values`: 1.1e18 is an integer, and not the float next to 1.2345678901234568e18.
    """
    if isinstance(value, JsonNumber) and value.is_finite:
        written, value = value.text, float(value.text)
        if not exact_numbers.keeps_digits(written, value):
            raise ValueError(written)
    if isinstance(value, float) and not exact_numbers.is_whole_as_written(value):
        raise ValueError(value)
    return value


def type_of(value: Any) -> str:
    """Return the type of a value that a format has read.

    A list of scalars of one type is a list of this type, `not null` if none of them is null. Other
    lists and objects are JSON.

    >>> type_of([1, 2.5]), type_of([None, "a"]), type_of([1, "a"]), type_of({}), type_of("a")
    ('list<float64 not null>', 'list<string>', 'json', 'json', 'string')
    """
    if isinstance(value, dict | RepeatedKeys):
        return JSON
    return _type_of_list(value) if isinstance(value, list) else single_values.type_of(value)


def _type_of_list(values: Sequence[Any]) -> str:
    present = [value for value in values if value is not None]
    if any(_is_only_json(value) for value in present):
        return JSON
    types = {single_values.type_of(value) for value in present}
    name = common_type(types) if types else arrow_leaves.NULL
    if len(types) > 1 and name not in (FLOAT64, BYTES):
        return JSON
    return list_of(name, not_null=len(present) == len(values))


def _is_only_json(value: Any) -> bool:
    """Return whether a list with a value has no type but JSON."""
    too_long = isinstance(value, JsonNumber) and value.is_finite
    too_long |= isinstance(value, int) and not exact_numbers.in_int64(value)
    return too_long or isinstance(value, list | dict | RepeatedKeys)


def list_of(name: str, *, not_null: bool) -> str:
    """Return the type of lists of a type of scalars.

    >>> list_of("int64", not_null=True)
    'list<int64 not null>'
    """
    return str(ListOf(Leaf(name), not_null))


def singles_as_lists(types: set[str]) -> str:
    """Return the common type where a list of one value and a value are the same, as in tf.Examples.

    >>> singles_as_lists({"int64", "list<int64 not null>"}), singles_as_lists({"int64"})
    ('list<int64 not null>', 'int64')
    """
    if all(KeptField("", type_).nested is None for type_ in types):
        return common_type(types)
    nested = {
        type_ if KeptField("", type_).nested or type_ == JSON else list_of(type_, not_null=True)
        for type_ in types
    }
    return common_type(sorted(nested))
