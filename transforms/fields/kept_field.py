"""A field that records keep: its name, its type, and how both are written."""

import dataclasses
import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from transforms.features import (
    BOOL,
    BYTES,
    DATE,
    EXACT_FLOAT32,
    FIELD_TYPES,
    FLOAT32,
    FLOAT64,
    INT64,
    STRING,
    TIMESTAMP,
    check_keep_fields,
)


class ColumnTypes(NamedTuple):
    """The Arrow types of a kept field: in memory, in Parquet files, and of a tf.Example's list."""

    memory: pa.DataType
    parquet: pa.DataType
    example: pa.DataType


_BYTES_LIST = pa.large_binary()
_MOMENT = pa.timestamp("us", tz="UTC")
# The registry of types: what lists types, or stores a kept field, reads it.
COLUMN_TYPES = {
    STRING: ColumnTypes(pa.large_string(), pa.string(), _BYTES_LIST),
    INT64: ColumnTypes(pa.int64(), pa.int64(), pa.int64()),
    FLOAT64: ColumnTypes(pa.float64(), pa.float64(), pa.float32()),
    FLOAT32: ColumnTypes(pa.float32(), pa.float32(), pa.float32()),
    EXACT_FLOAT32: ColumnTypes(pa.float32(), pa.float32(), pa.float32()),
    BOOL: ColumnTypes(pa.bool_(), pa.bool_(), pa.int64()),
    BYTES: ColumnTypes(pa.large_binary(), pa.binary(), _BYTES_LIST),
    TIMESTAMP: ColumnTypes(_MOMENT, _MOMENT, _BYTES_LIST),
    DATE: ColumnTypes(pa.date32(), pa.date32(), _BYTES_LIST),
}
FLOATS = frozenset({FLOAT64, FLOAT32, EXACT_FLOAT32})
_TYPES_ELSEWHERE = re.compile(
    r"(big|small|tiny)?int|u?int\d+|integer|float\d*|double|str|utf8|varchar|boolean|datetime"
)
# The similarity above which a word is a misspelt type: `strings` is one, `strong` is not.
_LIKE_A_TYPE = 0.85


@dataclasses.dataclass(frozen=True)
class KeptField:
    """A field to keep.

    Attributes:
        name: its name in the input and in the records.
        type: one of `features.FIELD_TYPES`; empty while unknown, which is read as text.
    """

    name: str
    type: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.type}" if self.type else self.name

    @property
    def columns(self) -> ColumnTypes:
        """The Arrow types of its columns."""
        return COLUMN_TYPES[self.type or STRING]

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of its column in memory."""
        return self.columns.memory


def parse_fields(names: Iterable[str]) -> tuple[KeptField, ...]:
    """Parse `name` and `name:type`; without a type after it, a colon belongs to the name.

    >>> [str(field) for field in parse_fields(["dc:title", "year:int64", "a:int32:string"])]
    ['dc:title', 'year:int64', 'a:int32:string']

    Raises:
        ValueError: a name is repeated or is that of another feature of records, or what follows
            the colon looks like an unknown type.
    """
    fields = []
    for text in names:
        name, colon, suffix = text.rpartition(":")
        typed = bool(colon and name) and suffix in FIELD_TYPES
        if colon and name and not typed and _looks_like_a_type(suffix):
            raise ValueError(
                f"`keep_fields` {text}: {suffix!r} is not a type; there are "
                f"{', '.join(FIELD_TYPES)}.\n"
                f"If the whole text is the name of a field, add its type: {text}:{STRING}"
            )
        fields.append(KeptField(name, suffix) if typed else KeptField(text))
    check_keep_fields([field.name for field in fields])
    return tuple(fields)


def _looks_like_a_type(word: str) -> bool:
    """Return whether a word is a type of another system, or a misspelt `features.FIELD_TYPES`."""
    word = word.lower()
    misspelt = difflib.get_close_matches(word, FIELD_TYPES, 1, _LIKE_A_TYPE)
    return bool(misspelt or _TYPES_ELSEWHERE.fullmatch(word))


def common_type(types: Iterable[str]) -> str:
    """Return the narrowest type that holds values of all types; text if no type is known.

    >>> common_type(["int64", "", "float64"]), common_type(["int64", "bool"]), common_type([])
    ('float64', 'string', 'string')
    >>> common_type(["exact_float32", "int64"]), common_type(["string", "bytes"])
    ('float64', 'bytes')
    """
    distinct = {type_ for type_ in types if type_}
    if len(distinct) == 1:
        return distinct.pop()
    if distinct and distinct <= {INT64, *FLOATS}:
        return FLOAT64
    # The bytes of a text are its UTF-8; not all bytes are text.
    return BYTES if distinct == {BYTES, STRING} else STRING
