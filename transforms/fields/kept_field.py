"""A field that records keep: its name, its type, and how both are written."""

import dataclasses
import difflib
import functools
import re
from collections.abc import Iterable

import pyarrow as pa

from transforms.features import (
    BYTES,
    EXACT_FLOAT32,
    FIELD_TYPES,
    FLOAT32,
    FLOAT64,
    INT64,
    JSON,
    STRING,
    check_keep_fields,
)
from transforms.fields import nested_notation, nested_types
from transforms.fields.column_types import BYTES_LIST, COLUMN_TYPES, ColumnTypes
from transforms.fields.nested_types import ListOf, MapOf, NestedType, StructOf

FLOATS = frozenset({FLOAT64, FLOAT32, EXACT_FLOAT32})
_TYPES_ELSEWHERE = re.compile(
    r"(big|small|tiny)?int|u?int\d+|integer|float\d*|double|str|utf8|varchar|boolean|datetime"
    r"|list|array|struct|object|map"
)
_NESTED = re.compile(r"(list|struct|map|array|large_list)\s*<.*", re.DOTALL)
# The similarity above which a word is a misspelt type: `strings` is one, `strong` is not.
_LIKE_A_TYPE = 0.85


@dataclasses.dataclass(frozen=True)
class KeptField:
    """A field to keep.

    Attributes:
        name: its name in the input and in the records.
        type: one of `features.FIELD_TYPES`, or a nested type in the notation of `nested_types`;
            empty while unknown, which is read as text.
    """

    name: str
    type: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.type}" if self.type else self.name

    @property
    def nested(self) -> ListOf | StructOf | MapOf | None:
        """Its type if that is a list, a struct or a map."""
        return nested_notation.find(self.type)

    @property
    def scalars(self) -> str:
        """The type of its values if it is a list of scalars; else empty."""
        return str((self.nested and nested_types.scalars_of(self.nested)) or "")

    @property
    def columns(self) -> ColumnTypes:
        """The Arrow types of its columns."""
        if self.nested is None:
            return COLUMN_TYPES[self.type or STRING]
        arrow, scalars = self.nested.arrow, COLUMN_TYPES.get(self.scalars)
        return ColumnTypes(arrow, arrow, scalars.example if scalars else BYTES_LIST)

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of its column in memory."""
        return self.columns.memory


def parse_fields(names: Iterable[str]) -> tuple[KeptField, ...]:
    """Parse `name` and `name:type`; without a type after it, a colon belongs to the name.

    >>> [str(field) for field in parse_fields(["dc:title", "year:int64", "a:int32:string"])]
    ['dc:title', 'year:int64', 'a:int32:string']
    >>> parse_fields(["dc:tags:list< string >"])[0]
    KeptField(name='dc:tags', type='list<string>')

    Raises:
        ValueError: a name is repeated or is that of another feature of records, or what follows
            the colon looks like an unknown type.
    """
    fields = tuple(map(_parse_field, names))
    check_keep_fields([field.name for field in fields])
    return fields


@functools.lru_cache(maxsize=256)
def _parse_field(text: str) -> KeptField:
    name, colon, suffix = text.rpartition(":")
    if colon and name and suffix in FIELD_TYPES:
        return KeptField(name, suffix)
    nested = re.match(r"(.+?):((?:list|struct|map)\s*<.*>)\s*\Z", text, re.DOTALL)
    if nested is not None:
        try:
            type_ = nested_notation.parse(nested[2])
            nested_types.check_storable(type_)
            return KeptField(nested[1], str(type_))
        except ValueError as error:
            raise ValueError(f"`keep_fields` {text}: {error}") from error
    if colon and name and _looks_like_a_type(suffix):
        raise ValueError(
            f"`keep_fields` {text}: {suffix!r} is not a type; there are "
            f"{', '.join(FIELD_TYPES)}, list<...>, struct<...> and map<...>.\n"
            f"If the whole text is the name of a field, add its type: {text}:{STRING}"
        )
    return KeptField(text)


def _looks_like_a_type(word: str) -> bool:
    """Return whether a word is a type of another system, or a misspelt `features.FIELD_TYPES`."""
    word = word.lower()
    if _NESTED.fullmatch(word):
        return True
    misspelt = difflib.get_close_matches(word, FIELD_TYPES, 1, _LIKE_A_TYPE)
    return bool(misspelt or _TYPES_ELSEWHERE.fullmatch(word))


def common_type(types: Iterable[str]) -> str:
    """Return the narrowest type that holds values of all types; text if no type is known.

    >>> common_type(["int64", "", "float64"]), common_type(["int64", "bool"]), common_type([])
    ('float64', 'string', 'string')
    >>> common_type(["exact_float32", "int64"]), common_type(["string", "bytes"])
    ('float64', 'bytes')
    >>> common_type(["list<int64>", "list<float64>"]), common_type(["list<int64>", "int64"])
    ('list<float64>', 'json')
    """
    distinct = list(dict.fromkeys(filter(None, types)))
    if len(distinct) == 1:
        return distinct[0]
    if JSON in distinct or any(map(nested_notation.find, distinct)):
        return _common_nested(distinct)
    if distinct and set(distinct) <= {INT64, *FLOATS}:
        return FLOAT64
    # The bytes of a text are its UTF-8; not all bytes are text.
    return BYTES if set(distinct) == {BYTES, STRING} else STRING


def _common_nested(types: Iterable[str]) -> str:
    """Return the nested type of several; JSON, which has all values, if there is none."""
    nested = [nested_notation.find(type_) for type_ in types]
    merged: NestedType | None = nested[0]
    for one in nested[1:]:
        merged = nested_types.merge(merged, one) if merged and one else None
    return str(merged) if merged else JSON
