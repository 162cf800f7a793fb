"""Read files of queries: a text in each line, or JSON Lines in the layout of BEIR."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pipeline.errors import is_of_user
from transforms import escaping, strict_json
from transforms.io import file_systems, path_kinds, storage
from transforms.io.watching import describe
from transforms.serving.query_settings import EmptyTextError

_JSON_LINES = (".jsonl", ".ndjson", ".json")
_ID_FIELDS = ("_id", "id")
_NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


@dataclasses.dataclass(frozen=True)
class QueryText:
    """A query.

    Attributes:
        id: from the file, or its number, from 1 on.
        text: what is searched for.
        place: where it is, for messages.
    """

    id: str
    text: str
    place: str


def read_queries(path: str) -> list[QueryText]:
    """Read queries.

    Args:
        path: a file, UTF-8. JSON Lines if its name ends so: `text`, and `_id` or `id`, as in
            https://github.com/beir-cellar/beir. Else each line is a text, and empty lines are not.

    Raises:
        ValueError: there is no such file, a line is not a query, an id occurs twice, or there is no
            query.
        OSError: the file cannot be read now.
    """
    lines = [(line, f"{path}, line {number}") for number, line in read_lines(path, "queries")]
    if is_json_lines(path):
        queries = [_parse(line, place) for line, place in lines]
    else:
        queries = [
            QueryText(str(number), line, place)
            for number, (line, place) in enumerate(lines, start=1)
        ]
    places: dict[str, str] = {}
    for query in queries:
        if query.id in places:
            raise ValueError(f"{query.place}: the id {query.id!r} is also in {places[query.id]}")
        places[query.id] = query.place
    if not queries:
        raise ValueError(f"{path} has no query: give a text in each line, or JSON Lines")
    return queries


def of_texts(texts: Sequence[str]) -> list[QueryText]:
    """Return texts of a command line as queries, with their numbers from 1 on as ids."""
    return [
        QueryText(str(number), text, f"text {number}") for number, text in enumerate(texts, start=1)
    ]


def embed(
    queries: Sequence[QueryText], embed_texts: Callable[[Sequence[str]], np.ndarray]
) -> np.ndarray:
    """Return the vectors of queries; float32 [queries, width].

    Raises:
        ValueError: a query has no wordpieces; the message has its place.
    """
    try:
        return embed_texts([query.text for query in queries])
    except EmptyTextError as error:
        raise ValueError(
            f"{queries[error.number].place} has no wordpieces, so that it has no vector: remove it"
        ) from error


def read_lines(path: str, setting: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not empty, with their numbers from 1 on.

    Args:
        path: of the file.
        setting: the flag that names it, without dashes, for messages.

    Raises:
        ValueError: there is no such file, it may not be read, or it is not UTF-8.
        OSError: it cannot be read now.
    """
    try:
        text = _read(path, f"`{setting}` {escaping.one_line(path)}").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.rstrip("\r")


def _read(path: str, place: str) -> bytes:
    try:
        file_systems.set_default_options([path])
        file_systems.require_file_system(path)
        return storage.read_whole(path)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
    except OSError as error:
        if not is_of_user(error):
            raise
        raise ValueError(f"{place}: cannot be read: {_why(path, error)}; name a file") from error


def _why(path: str, error: OSError) -> str:
    if "://" not in path and isinstance(error, _NO_FILE):
        return path_kinds.describe(path)
    return error.strerror or describe(error)


def is_json_lines(path: str) -> bool:
    """Return whether the name of a file is that of JSON Lines, in any case."""
    return path.lower().endswith(_JSON_LINES)


def is_column_name(field: str) -> bool:
    """Return whether a field in a column of numbers is the name of the column.

    >>> [is_column_name(field) for field in ("score", "1.5", "nan", "")]
    [True, False, False, False]
    """
    try:
        float(field)
    except ValueError:
        return bool(field.strip())
    return False


def parse_object(line: str, place: str) -> dict[str, Any]:
    """Parse a line of JSON Lines.

    Raises:
        ValueError: it is not a JSON object; the message begins with the place.
    """
    try:
        value = strict_json.decode_any(line.encode())
    except ValueError as error:
        raise ValueError(f"{place}: it is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{place}: it is not a JSON object")
    return value


def _parse(line: str, place: str) -> QueryText:
    value = parse_object(line, place)
    id_ = next((value[name] for name in _ID_FIELDS if name in value), None)
    if not isinstance(id_, str | int) or isinstance(id_, bool):
        raise ValueError(f"{place}: a query needs `_id`, a text")
    if not isinstance(value.get("text"), str):
        raise ValueError(f"{place}: a query needs `text`, a text")
    return QueryText(str(id_), value["text"], place)
