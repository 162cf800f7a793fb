"""Read pairs of sentences with the similarity that people see in them."""

import dataclasses
import math
from typing import Any

from pipeline.search.query_file import is_column_name, is_json_lines, parse_object, read_lines

_FIRST, _SECOND, _SCORE = ("text1", "sentence1"), ("text2", "sentence2"), ("score",)
_FIELDS = 3


@dataclasses.dataclass(frozen=True)
class SentencePair:
    """A pair.

    Attributes:
        first, second: the texts.
        score: how similar people find them, on any scale.
        place: where it is, for messages.
    """

    first: str
    second: str
    score: float
    place: str


def read_pairs(path: str) -> list[SentencePair]:
    """Read a file of pairs.

    Args:
        path: UTF-8. JSON Lines if its name ends so: `text1` and `text2`, or `sentence1` and
            `sentence2`, and `score`. Else a line has the two texts and the score, with tabs
            between them, without quotes; the first line may have names.

    Raises:
        ValueError: there is no such file, a line is not a pair, or there are fewer than two.
        OSError: the file cannot be read now.
    """
    pairs = []
    is_json, is_first = is_json_lines(path), True
    for number, line in read_lines(path, "pairs"):
        place = f"{path}, line {number}"
        pair = _from_json(line, place) if is_json else _from_line(line, place, is_first)
        pairs += [] if pair is None else [pair]
        is_first = False
    if len(pairs) < 2:
        raise ValueError(f"{path} has {len(pairs)} pairs; a correlation needs two or more")
    return pairs


def _from_json(line: str, place: str) -> SentencePair:
    value = parse_object(line, place)
    first, second, score = (_field(value, names) for names in (_FIRST, _SECOND, _SCORE))
    if not isinstance(first, str) or not isinstance(second, str):
        raise ValueError(f"{place}: a pair needs the texts `text1` and `text2`")
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    number = _number(score) if is_number else None
    if number is None:
        raise ValueError(f"{place}: a pair needs the number `score`")
    return SentencePair(first, second, number, place)


def _field(value: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[name] for name in names if name in value), None)


def _from_line(line: str, place: str, is_first: bool) -> SentencePair | None:
    fields = line.split("\t")
    if len(fields) != _FIELDS:
        raise ValueError(
            f"{place}: it has {len(fields)} fields with tabs between them; a pair has two texts "
            "and a score"
        )
    if is_first and is_column_name(fields[-1]):
        return None
    score = _number(fields[-1])
    if score is None:
        raise ValueError(f"{place}: the score is {fields[-1]!r}; it is a number")
    return SentencePair(fields[0], fields[1], score, place)


def _number(value: str | float) -> float | None:
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
