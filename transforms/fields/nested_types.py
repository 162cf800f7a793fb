"""Types of kept fields that are lists, structs or maps, and the notation in which they are written.

    list<string>    list<float32 not null>    struct<name:string,"a b":list<int32>>
    map<string,decimal128(9,2)>

The innermost types are those of kept fields, whose meaning they have, and some of Arrow, which take
values of that type alone. A name that is no plain word is written as a string of JSON.
"""

import dataclasses
import functools
from collections.abc import Iterator

import pyarrow as pa

from transforms.fields import arrow_leaves, time_zones
from transforms.fields.column_types import COLUMN_TYPES

NOT_NULL = " not null"


@dataclasses.dataclass(frozen=True)
class Leaf:
    """An innermost type: one of `features.FIELD_TYPES` but JSON, or of `arrow_leaves`."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def is_of_arrow(self) -> bool:
        """Whether it takes values of one type of Arrow alone."""
        return self.name not in COLUMN_TYPES

    @functools.cached_property
    def arrow(self) -> pa.DataType:
        """The type of its values."""
        if self.is_of_arrow:
            return arrow_leaves.parse(self.name)
        return COLUMN_TYPES[self.name].parquet


@dataclasses.dataclass(frozen=True)
class ListOf:
    """A list; `not_null` says that none of its values is null."""

    item: "NestedType"
    not_null: bool = False

    def __str__(self) -> str:
        return f"list<{self.item}{NOT_NULL * self.not_null}>"

    @functools.cached_property
    def arrow(self) -> pa.DataType:
        """The type of its values; nulls are possible everywhere."""
        return pa.list_(self.item.arrow)


@dataclasses.dataclass(frozen=True)
class StructOf:
    """A struct: names, each with a type."""

    children: tuple[tuple[str, "NestedType"], ...]

    def __str__(self) -> str:
        pairs = (f"{arrow_leaves.quoted(name)}:{type_}" for name, type_ in self.children)
        return f"struct<{','.join(pairs)}>"

    @functools.cached_property
    def arrow(self) -> pa.DataType:
        """The type of its values; nulls are possible everywhere."""
        return pa.struct([(name, type_.arrow) for name, type_ in self.children])


@dataclasses.dataclass(frozen=True)
class MapOf:
    """A map."""

    key: "NestedType"
    item: "NestedType"

    def __str__(self) -> str:
        return f"map<{self.key},{self.item}>"

    @functools.cached_property
    def arrow(self) -> pa.DataType:
        """The type of its values; keys are not null."""
        return pa.map_(self.key.arrow, self.item.arrow)


NestedType = Leaf | ListOf | StructOf | MapOf


def from_arrow(type_: pa.DataType) -> NestedType | None:
    """Return the type that keeps the values of an Arrow type; None if there is none.

    A dictionary is its values, an extension type what it stores. Lists of a fixed size become
    lists, and text and bytes have lengths of 32 bits.

    >>> str(from_arrow(pa.struct([("a", pa.list_(pa.int16())), ("b c", pa.float32())])))
    'struct<a:list<int16>,"b c":exact_float32>'
    """
    if pa.types.is_dictionary(type_):
        return from_arrow(type_.value_type)
    if is_list(type_):
        item = from_arrow(type_.value_type)
        return item and ListOf(item)
    if pa.types.is_map(type_):
        key, item = from_arrow(type_.key_type), from_arrow(type_.item_type)
        return MapOf(key, item) if key and item else None
    if pa.types.is_struct(type_):
        return _from_struct(type_)
    name = arrow_leaves.name_of(type_)
    if name is None and isinstance(type_, pa.BaseExtensionType):
        return from_arrow(type_.storage_type)
    return Leaf(name) if name else None


def _from_struct(type_: pa.StructType) -> StructOf | None:
    names = [field.name for field in type_]
    children = [from_arrow(field.type) for field in type_]
    known = [child for child in children if child]
    if not names or len(known) < len(names) or len(set(names)) < len(names):
        return None
    return StructOf(tuple(zip(names, known, strict=True)))


def check_storable(type_: NestedType) -> None:
    """Check a type that somebody wrote.

    Raises:
        ValueError: Parquet does not have it, as a decimal with too many digits, or it names a time
            zone that does not exist.
    """
    from pyarrow import parquet

    try:
        parquet.write_metadata(pa.schema([("field", type_.arrow)]), pa.BufferOutputStream())
    except (ValueError, OSError, pa.ArrowException) as error:
        raise ValueError(f"Parquet does not have this type: {error}") from error
    for leaf in _leaves(type_):
        if pa.types.is_timestamp(leaf.arrow) and leaf.arrow.tz:
            time_zones.check(leaf.arrow.tz)


def _leaves(type_: NestedType) -> Iterator[Leaf]:
    if isinstance(type_, Leaf):
        yield type_
    elif isinstance(type_, ListOf):
        yield from _leaves(type_.item)
    elif isinstance(type_, MapOf):
        yield from _leaves(type_.key)
        yield from _leaves(type_.item)
    else:
        for _, child in type_.children:
            yield from _leaves(child)


def is_list(type_: pa.DataType) -> bool:
    """Return whether an Arrow type is a list of any kind."""
    plain = pa.types.is_list(type_) or pa.types.is_large_list(type_)
    views = pa.types.is_list_view(type_) or pa.types.is_large_list_view(type_)
    return bool(plain or views or pa.types.is_fixed_size_list(type_))


def nullable(type_: NestedType) -> NestedType:
    """Return a type with nulls in its outermost list."""
    return dataclasses.replace(type_, not_null=False) if isinstance(type_, ListOf) else type_


def scalars_of(type_: NestedType) -> Leaf | None:
    """Return the type of the values of a list of scalars; None for other types."""
    return type_.item if isinstance(type_, ListOf) and isinstance(type_.item, Leaf) else None


def merge(one: NestedType, other: NestedType) -> NestedType | None:
    """Return the narrowest type that holds the values of both; None if none does unchanged."""
    if one == other:
        return one
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        item = merge(one.item, other.item)
        return item and ListOf(item, one.not_null and other.not_null)
    if isinstance(one, MapOf) and isinstance(other, MapOf):
        key, item = merge(one.key, other.key), merge(one.item, other.item)
        return MapOf(key, item) if key and item else None
    if isinstance(one, StructOf) and isinstance(other, StructOf):
        return _merge_structs(dict(one.children), dict(other.children))
    # A null has every type.
    for null, known in ((one, other), (other, one)):
        if null == Leaf(arrow_leaves.NULL):
            return known
    if isinstance(one, Leaf) and isinstance(other, Leaf):
        name = arrow_leaves.common_name(one.name, other.name)
        return Leaf(name) if name else None
    return None


def _merge_structs(one: dict[str, NestedType], other: dict[str, NestedType]) -> NestedType | None:
    merged = {
        name: merge(one.get(name, other.get(name)), other.get(name, one.get(name)))  # type: ignore[arg-type]
        for name in one | other
    }
    known = tuple((name, type_) for name, type_ in merged.items() if type_)
    return StructOf(known) if len(known) == len(merged) else None
