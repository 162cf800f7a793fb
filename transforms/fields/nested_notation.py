"""Parse the notation of nested types; see `nested_types`."""

import functools
import json
import re
from collections.abc import Iterator

from transforms.features import FIELD_TYPES, JSON
from transforms.fields import arrow_leaves
from transforms.fields.nested_types import (
    NOT_NULL,
    Leaf,
    ListOf,
    MapOf,
    NestedType,
    StructOf,
)

INNERMOST = tuple(name for name in FIELD_TYPES if name != JSON)
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(
    rf"\s*({_QUOTED}|(?:list|struct|map)\s*<|[<>,:]|[\w.+/-]+(?:\([^()]*\)|\[[^\[\]]*\])?)"
)
_MOST_LEVELS = 50


def parse(text: str) -> NestedType:
    """Parse a type.

    >>> str(parse('struct< a : list<int64 not null>, "b:c" : map<string, bool> >'))
    'struct<a:list<int64 not null>,"b:c":map<string,bool>>'

    Raises:
        ValueError: it is not a type; the message names the place.
    """
    tokens = _Tokens(text)
    type_ = _type(tokens, 0)
    if tokens.next is not None:
        raise ValueError(f"{tokens.next!r} follows the type")
    return type_


@functools.lru_cache(maxsize=256)
def find(text: str) -> ListOf | StructOf | MapOf | None:
    """Parse the type of a kept field that is a list, a struct or a map; None for other types."""
    type_ = parse(text) if text.endswith(">") else None
    return None if isinstance(type_, Leaf) else type_


class _Tokens:
    """The words and signs of a text; `next` is the first that was not taken, or None."""

    def __init__(self, text: str) -> None:
        self._tokens = _split(text)
        self.next: str | None = None
        self.take()

    def take(self) -> str:
        """Return the next word, and go on to the one after it."""
        word, self.next = self.next, next(self._tokens, None)
        return word or ""

    def expect(self, *signs: str) -> str:
        """Take one of some signs; ValueError if another word is there."""
        word = self.take()
        if word not in signs:
            raise ValueError(f"{' or '.join(signs)} is missing before {word or 'the end'!r}")
        return word


def _split(text: str) -> Iterator[str]:
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"{text[place:]!r} is not a type")
        yield match[1].replace(" ", "") if match[1].endswith("<") else match[1]
        place = match.end()


def _type(tokens: _Tokens, level: int) -> NestedType:
    if level > _MOST_LEVELS:
        raise ValueError("it is nested too deeply")
    word = tokens.take()
    if word == "list<":
        item = _type(tokens, level + 1)
        return ListOf(item, _is_not_null(tokens))
    if word == "map<":
        key = _type(tokens, level + 1)
        tokens.expect(",")
        item = _type(tokens, level + 1)
        tokens.expect(">")
        return MapOf(key, item)
    if word == "struct<":
        return _struct(tokens, level)
    if word in INNERMOST or arrow_leaves.is_name(word):
        return Leaf(arrow_leaves.normal(word))
    raise ValueError(f"{word!r} is not a type within another; there are {', '.join(INNERMOST)}")


def _is_not_null(tokens: _Tokens) -> bool:
    """Take the end of a list, and return whether it excludes nulls."""
    words = NOT_NULL.split()
    if tokens.next == words[0]:
        for word in words:
            tokens.expect(word)
        tokens.expect(">")
        return True
    tokens.expect(">")
    return False


def _struct(tokens: _Tokens, level: int) -> StructOf:
    children: dict[str, NestedType] = {}
    sign = ","
    while sign == ",":
        word = tokens.take()
        name = json.loads(word) if word.startswith('"') else word
        if name in children:
            raise ValueError(f"it has the name {name!r} twice")
        tokens.expect(":")
        children[name] = _type(tokens, level + 1)
        sign = tokens.expect(",", ">")
    return StructOf(tuple(children.items()))
