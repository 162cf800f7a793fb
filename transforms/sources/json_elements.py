"""The values of a JSON file, one after the other, in bounded memory.

A file is arrays whose values are wanted, or values that follow each other. Where a value ends is
decided by strings and brackets alone, so that a value with another fault is still delimited, and
its parser rejects it. A value is broken where its brackets or quotes cannot be trusted: a line ends
within a string, brackets do not match, or two values follow each other without a comma or colon.
What comes next is then found by lines: the next one with a brace after the same indentation as that
of the line in which the broken value began, or of the last value that began a line. The other lines
of the broken value must be indented deeper. Otherwise the rest of the file is lost.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from transforms.rejects import Reason
from transforms.sources.chunks import Chunks
from transforms.sources.record_fields import Record, rejected

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Bytes that may come between two values and still be the indentation of the second.
_MOST_SPACES = 4096
# Parsers allow a thousand levels; more would take memory here.
_MOST_DEPTH = 1 << 16
_REST_OF_STRING = rb'[^"\\\n]*(?:\\.[^"\\\n]*)*("?)'
_STRING = re.compile(_REST_OF_STRING)
_WORD = re.compile(rb'[^ \t\r\n\[\]{}:,"]*')
_TOKEN = re.compile(
    rb'[ \t\r\n]*(?:([\[{])|([\]}])|([,:])|([^ \t\r\n\[\]{}:,"]+)|"' + _REST_OF_STRING + b")"
)
_S, _W = rb"[ \t\r\n]*+", rb'[^ \t\r\n\[\]{}:,"]++'
_Q = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_LIST = rb"\[%s(?:(?:%s|%s)%s(?:,%s|(?=\])))*+\]" % (_S, _Q, _W, _S, _S)
# An object without objects in it, at once; each of its characters is looked at once.
_FLAT = re.compile(
    rb"\{%s(?:%s%s:%s(?:%s|%s|%s)%s(?:,%s|(?=\})))*+\}" % (_S, _Q, _S, _S, _Q, _W, _LIST, _S, _S)
)
# Values of an object or array without objects in them, each with its name and its comma.
_MEMBERS = re.compile(
    rb"(?:%s(?:%s%s(?::%s(?:%s|%s|%s)%s)?+|%s%s),)++" % (_S, _Q, _S, _S, _Q, _W, _LIST, _S, _W, _S)
)
# The groups of a token; the last one is the closing quote of a string.
_OPENER, _CLOSER, _SEPARATOR, _BARE_WORD, _STRING_END = range(1, 6)
_BETWEEN = re.compile(rb"[ \t\r\n,:]*")
_PAIRS = {b"[": b"]", b"{": b"}"}
# What may come before a token besides a separator and an opening bracket.
_COMPLETE, _UNQUOTED = b"value", b"word"
_BEFORE_MEMBERS = (b"{", b"[", b",")


class Element(NamedTuple):
    """A value of the file.

    Attributes:
        position: its first byte.
        raw: its bytes; empty if it is rejected.
        problem: its rejection if it cannot be used.
    """

    position: int
    raw: bytes
    problem: Record | None = None


class _BrokenError(Exception):
    """The brackets or quotes of a value cannot be trusted from the current place on."""


class _EndError(Exception):
    """The file ends within a value."""


def read_elements(stream: BinaryIO, most_bytes: int) -> Iterator[Element]:
    """Read the values of a JSON file; what cannot be read is a rejected one.

    Args:
        stream: uncompressed bytes from the beginning.
        most_bytes: a longer value is rejected, and its bytes are not held.
    """
    chunks = Chunks(stream, most_bytes)
    while len(chunks.data) < len(_BYTE_ORDER_MARK) and chunks.more():
        pass
    if chunks.data.startswith(_BYTE_ORDER_MARK):
        chunks.at = len(_BYTE_ORDER_MARK)
    in_array, is_lost, indent = False, False, b"no line"
    while not is_lost and (between := _skip_between(chunks)) is not None:
        indent = indent if between.strip(b" \t") else between
        if chunks.data[chunks.at] == ord("]" if in_array else "["):
            in_array = not in_array
            chunks.at += 1
            continue
        element, is_lost = _read_value(chunks, indent, most_bytes)
        yield element
    if not is_lost and (chunks.damage or in_array):
        yield _lost(chunks, chunks.position, "the file ends within its array")


def _lost(chunks: Chunks, position: int, why: str) -> Element:
    damage = f"the file is damaged from here on: {chunks.damage}"
    return Element(position, b"", rejected(Reason.UNREADABLE, damage if chunks.damage else why))


def _skip_between(chunks: Chunks) -> bytes | None:
    """Go to the next value or bracket between values.

    Returns:
        what comes before it in its line: only spaces if it begins the line; None at the end.
    """
    at_beginning = chunks.position in (0, len(_BYTE_ORDER_MARK))
    between = b"\n" if at_beginning else b"no line"
    while True:
        match = _BETWEEN.match(chunks.data, chunks.at)
        between = (between + match[0])[-_MOST_SPACES:] if match else between
        chunks.at = match.end() if match else chunks.at
        if chunks.at < len(chunks.data):
            return between.rpartition(b"\n")[2]
        if not chunks.more():
            return None


def _read_value(chunks: Chunks, indent: bytes, most_bytes: int) -> tuple[Element, bool]:
    """Read a value; return it, and whether all that follows it is lost."""
    start = chunks.position
    chunks.begin()
    try:
        _skip_value(chunks)
    except _EndError:
        return _lost(chunks, start, "the file ends within this value"), True
    except _BrokenError:
        place = chunks.position
        if _go_on(chunks, indent):
            why = f"its JSON is broken at byte {place}; the next line that begins like it is read"
            return Element(start, b"", rejected(Reason.BAD_JSON, why)), False
        why = f"the JSON is broken at byte {place}, and no line after it begins like this value"
        return _lost(chunks, start, why), True
    raw = chunks.finish()
    if raw is None:
        return Element(start, b"", rejected(Reason.TOO_LARGE, f"over {most_bytes} bytes")), False
    return Element(start, raw), False


def _skip_value(chunks: Chunks) -> None:
    """Go past a value: one without objects in it at once, others token by token.

    Raises:
        _BrokenError: it is broken from the current place on.
        _EndError: the file ends within it.
    """
    flat = _FLAT.match(chunks.data, chunks.at)
    if flat:
        chunks.at = flat.end()
        return
    # The brackets that close what is open.
    closing: list[bytes] = []
    previous = b":"
    while closing or previous == b":":
        previous = _skip_members(chunks, previous)
        token = _next_token(chunks)
        if _is_broken(token, previous, closing):
            raise _BrokenError
        chunks.at = token.end()
        previous = _take(token, closing, chunks)


def _skip_members(chunks: Chunks, previous: bytes) -> bytes:
    """Go past simple members at once, as their tokens would; return what came last."""
    members = _MEMBERS.match(chunks.data, chunks.at) if previous in _BEFORE_MEMBERS else None
    if members is None:
        return previous
    chunks.at = members.end()
    return b","


def _take(token: re.Match[bytes], closing: list[bytes], chunks: Chunks) -> bytes:
    """Go past the rest of a token; return what it is to the next one."""
    kind = token.lastindex or 0
    if kind in (_OPENER, _SEPARATOR):
        closing += [_PAIRS[token[kind]]] if kind == _OPENER else []
        return token[kind]
    if kind == _CLOSER:
        del closing[-1:]
    elif kind == _BARE_WORD:
        _finish_word(chunks)
        return _UNQUOTED
    elif not token[kind]:
        _finish_string(chunks)
    return _COMPLETE


def _next_token(chunks: Chunks) -> re.Match[bytes]:
    """Return the next token with the spaces before it; a long one may be only begun."""
    while not (token := _TOKEN.match(chunks.data, chunks.at)):
        # The last of the spaces may be an indentation, where the value is broken.
        chunks.at = max(chunks.at, len(chunks.data) - _MOST_SPACES)
        if not chunks.more():
            raise _EndError
    return token


def _is_broken(token: re.Match[bytes], previous: bytes, closing: list[bytes]) -> bool:
    """Return whether a token shows that an earlier bracket or quote is wrong."""
    kind = token.lastindex
    if kind == _OPENER:
        in_object = bool(closing) and closing[-1] == b"}"
        is_value = previous == b":" or (not in_object and previous in (b",", b"["))
        return not is_value or len(closing) >= _MOST_DEPTH
    if kind == _CLOSER:
        return bool(closing) and token[kind] != closing[-1]
    if kind == _SEPARATOR:
        return False
    return previous == _COMPLETE or (previous == _UNQUOTED and kind == _STRING_END)


def _finish_word(chunks: Chunks) -> None:
    """Go past the rest of a word that the chunk may have cut."""
    while chunks.at == len(chunks.data) and chunks.more():
        match = _WORD.match(chunks.data)
        chunks.at = match.end() if match else 0


def _finish_string(chunks: Chunks) -> None:
    """Go past the rest of a string that the chunk has cut; a line end breaks it."""
    while chunks.data[chunks.at :] in (b"", b"\\"):
        if not chunks.more():
            raise _EndError
        match = _STRING.match(chunks.data)
        if match:
            chunks.at = match.end()
            if match[1]:
                return
    raise _BrokenError


def _go_on(chunks: Chunks, indent: bytes) -> bool:
    """Go to the line end before the next object that begins like the broken value; see above.

    Args:
        chunks: at the place where the value is broken.
        indent: the spaces before objects in their lines; other bytes if none began a line.
    """
    value = chunks.finish()
    shallow = rb"\n(?!%s[ \t])[ \t]*[^ \t\r\n\]},]" % re.escape(indent)
    if value is None or indent.strip(b" \t") or re.search(shallow, value):
        return False
    following = b"\n" + indent + b"{"
    while (place := chunks.data.find(following, chunks.at)) < 0:
        chunks.at = max(chunks.at, len(chunks.data) - len(following) + 1)
        if not chunks.more():
            return False
    chunks.at = place
    return True
