"""Keys in the folders of a path, such as `lang=de`, which Hive and Spark write instead of columns.

A kept field takes its value from there where the records of a file have no field of its name.
"""

import functools
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from transforms import fields
from transforms.fields import KeptField, WrongTypeError

_NULL = "__HIVE_DEFAULT_PARTITION__"


def keys_of(path: str) -> Mapping[str, str | None]:
    """Return the keys of the folders of a path, with their values as text; the last of equal keys.

    >>> dict(keys_of("corpus/lang=de/topic=a%2Fb/day=__HIVE_DEFAULT_PARTITION__/part-0.csv"))
    {'lang': 'de', 'topic': 'a/b', 'day': None}
    """
    return _keys_of_folder(path.rpartition("/")[0])


@functools.lru_cache(1024)
def _keys_of_folder(folder: str) -> Mapping[str, str | None]:
    pairs = (name.partition("=") for name in folder.split("/"))
    return {_decode(name): _value(value) for name, equals, value in pairs if name and equals}


def _value(text: str) -> str | None:
    return None if text == _NULL else _decode(text)


def _decode(text: str) -> str:
    """Decode `%2F`; text that does not encode UTF-8 stays as it is."""
    try:
        return urllib.parse.unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def in_path(path: str, kept: Iterable[KeptField]) -> list[KeptField]:
    """Return the fields to keep that a path has keys for."""
    keys = keys_of(path)
    return [field for field in kept if field.name in keys]


def value_of(path: str, field: KeptField) -> Any:
    """Return the value of a field that the records of a file do not have.

    Returns:
        the value; None without such a key; a `WrongTypeError` if the value has another type.
    """
    text = keys_of(path).get(field.name)
    try:
        return None if text is None else fields.parse_text(text, field)
    except WrongTypeError as error:
        return error


def columns(
    path: str, kept: Iterable[KeptField], length: int
) -> tuple[dict[str, pa.Array], WrongTypeError | None]:
    """Build the columns of fields that the records of a file do not have.

    Args:
        path: the file.
        kept: the fields.
        length: the number of records.

    Returns:
        the columns by name, and the error if a value has another type, which rejects all records.
    """
    built, problem = {}, None
    for field in kept:
        value = value_of(path, field)
        if isinstance(value, WrongTypeError):
            value, problem = None, problem or value
        built[field.name] = fields.column([value] * length, field)
    return built, problem
