"""What the first characters of a JSON file show: lines, an array, or one value over many lines."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

_STRING = r'"(?:[^"\\\n]|\\.)*"'
# An object in an array: in text, brackets are not followed by a brace and a quoted name.
_ARRAY = re.compile(r'\s*\[\s*(?:\]\s*\Z|\{\s*(?:\}|"(?:[^"\\\n]|\\.)*(?:"\s*:|\Z)))')
# The first line of an object ends where its JSON does not, and the next one continues it.
_OVER_LINES = re.compile(
    r'\s*\{[ \t]*(?:\r?\n\s*["}]|"[^\n]*(?:[,{:][ \t\r]*\n\s*"|\[[ \t\r]*\n\s*["\[{\d\-tfn]))'
)
_SPACES = " \t\r\n"
# Names whose value is an array of objects, and what changes the depth before them.
_INNER_ARRAY = re.compile(rf"({_STRING})\s*:\s*\[\s*\{{")
_NAME = re.compile(rf"({_STRING})\s*:")
_DEPTH = re.compile(rf"{_STRING}|[\[\]{{}}]")
# Pieces of an array that was cut: how many of its last commas are tried as its end.
_MOST_CUTS = 8


def is_array_of_objects(text: str) -> bool:
    """Return whether a text begins as a JSON array of objects, or is an empty array.

    >>> is_array_of_objects('[ {"id": 1'), is_array_of_objects("[{Music}]")
    (True, False)
    """
    return _ARRAY.match(text) is not None


def is_record(text: str, field: str | None) -> bool:
    r"""Return whether the first line is a JSON object with a field, as far as the line is known.

    >>> is_record('{"text": "a"}', "text"), is_record('{"text": "a"', "text")
    (True, True)
    >>> is_record('{"text": "a"\n', "text"), is_record('{"a": {"text": 1}}', "text")
    (False, False)
    """
    line, end, _ = text.lstrip().partition("\n")
    if field is None or not line.startswith("{"):
        return False
    value = _load(line)
    if isinstance(value, dict) or end:
        return isinstance(value, dict) and field in value
    return field in (name for name, _ in _outer_names(line))


def problem(text: str, field: str | None, is_complete: bool) -> str | None:
    """Return why a JSON file has not one object a line, with the remedy; or None.

    Args:
        text: its first characters.
        field: the field with the text; None for plain lines.
        is_complete: whether these are all characters.
    """
    begin = text.lstrip()[:1]
    if begin == "[":
        return _problem_of_array(text, is_complete)
    if begin != "{":
        return None
    if _OVER_LINES.match(text) or (is_complete and _is_wrapper(text, field)):
        return _problem_of_object(text, field)
    if _follow_in_lines(text, field):
        return (
            "has several JSON objects in a line, or commas after them: `input_format` json reads it"
        )
    return None


def _follow_in_lines(text: str, field: str | None) -> bool:
    """Return whether an object with the field has a comma or an object behind it in its line.

    A single such line is damage. Therefore the next one must not be sound.
    """
    first, _, rest = text.strip(_SPACES).partition("\n")
    if field is None or _load(rest.partition("\n")[0]) is not None:
        return False
    try:
        value, end = json.JSONDecoder().raw_decode(first)
    except (ValueError, RecursionError):
        return False
    behind = first[end:].strip(_SPACES)
    return isinstance(value, dict) and field in value and (behind + " ")[0] in ",{"


def _problem_of_array(text: str, is_complete: bool) -> str | None:
    if is_array_of_objects(text):
        return "is a JSON array, not one object a line: `input_format` json reads it"
    values = _load_list(text, is_complete)
    if not values or len(values) < 2:
        return None
    inner = ".[][]" if isinstance(values[0], list) else ".[] | {text: .}"
    return (
        "is a JSON array whose values are no objects, and a document is an object: "
        f"jq -c '{inner}' converts it"
    )


def _problem_of_object(text: str, field: str | None) -> str:
    name = _name_of_array(text, field)
    if name is None:
        return (
            "holds JSON objects over several lines, and JSON Lines has one object a line: "
            "jq -c . converts it, and `input_format` json reads it"
        )
    return (
        f"is one JSON object, and its documents seem to be in the array {name!r}: "
        f"{unwrapping(name)}"
    )


def unwrapping(name: str) -> str:
    """Return the remedy for documents that are in an array of an object.

    >>> unwrapping("data")
    "jq -c '.data[]' writes them as JSON Lines"
    """
    is_plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
    path = f".{name}[]" if is_plain else f".[{orjson.dumps(name).decode()}][]"
    return f"jq -c '{path}' writes them as JSON Lines"


def _is_wrapper(text: str, field: str | None) -> bool:
    """Return whether a whole text is one object without the field, around objects."""
    value = _load(text)
    if not isinstance(value, dict) or field in value:
        return False
    return any(isinstance(inner, list) and _has_object(inner) for inner in value.values())


def _has_object(values: list[Any]) -> bool:
    return isinstance(next(iter(values), None), dict)


def _name_of_array(text: str, field: str | None) -> str | None:
    """Return the first name of the outer object whose value is an array of objects.

    None if the object has the field with the text before it.
    """
    for name, place in _outer_names(text):
        if name == field:
            return None
        if _INNER_ARRAY.match(text, place):
            return name
    return None


def _outer_names(text: str) -> Iterator[tuple[str, int]]:
    """Yield the names of the outer object, each with its place."""
    depth = before = 0
    for found in _NAME.finditer(text):
        depth += _depth(text[before : found.start()])
        before = found.start()
        if depth == 1:
            yield str(_load(found[1])), before


def _depth(text: str) -> int:
    """Count the objects and arrays that are open at the end of a text."""
    tokens = [token[0] for token in _DEPTH.findall(text)]
    return sum(map("[{".count, tokens)) - sum(map("]}".count, tokens))


def _load_list(text: str, is_complete: bool) -> list[Any] | None:
    """Parse an array, or the beginning of one that is longer."""
    value = _load(text)
    end = len(text)
    for _ in range(0 if is_complete else _MOST_CUTS):
        end = text.rfind(",", 0, end)
        if isinstance(value, list) or end < 0:
            break
        closing = "]" * _depth(text[:end])
        value = _load(text[:end] + closing)
    return value if isinstance(value, list) else None


def _load(text: str) -> Any:
    """Parse JSON; None if it is none."""
    try:
        return orjson.loads(text)
    except ValueError:
        return None
