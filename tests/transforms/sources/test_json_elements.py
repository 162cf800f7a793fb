import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io.watching import DamagedError
from transforms.rejects import Reason
from transforms.sources import chunks, json_elements
from transforms.sources.json_elements import Element, read_elements

MOST = 1 << 16


class Pieces(io.BytesIO):
    """A stream that returns a few bytes at once."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        super().__init__(data)
        self._sizes = sizes
        self._reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self._reads += 1
        return super().read(min(size or 0, self._sizes[self._reads % len(self._sizes)]))


def read(data: bytes, most: int = MOST, sizes: list[int] | None = None) -> list[Element]:
    return list(read_elements(Pieces(data, sizes or [chunks._CHUNK]), most))


def reasons(elements: list[Element]) -> list[Any]:
    """Return the value of each element, or the reason why it has none."""
    return [_value(one) for one in elements]


def _value(element: Element) -> Any:
    if element.problem and element.problem.reason:
        return element.problem.reason.value
    try:
        return json.loads(element.raw)
    except ValueError:
        return "no JSON"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, max_size=4)
sizes = st.lists(st.integers(1, 30), min_size=1, max_size=5)
indents = st.sampled_from([None, 0, 1, 3, "\t"])


@settings(deadline=None, max_examples=150)
@given(st.lists(objects, max_size=5), indents, st.booleans(), sizes)
def test_the_objects_of_an_array_come_one_by_one_however_it_is_split(
    rows: list[dict], indent: int | str | None, ascii_only: bool, pieces: list[int]
) -> None:
    data = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode()
    elements = read(data, sizes=pieces)
    assert reasons(elements) == rows
    for position, raw, problem in elements:
        assert problem is None
        assert data[position : position + len(raw)] == raw


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(objects, max_size=4), indents, sizes, st.sampled_from(["", "\n", " \r\n"]))
def test_values_that_follow_each_other_are_read_too(
    rows: list[dict], indent: int | str | None, pieces: list[int], between: str
) -> None:
    texts = [json.dumps(row, indent=indent) for row in rows]
    assert reasons(read(between.join(texts).encode(), sizes=pieces)) == rows
    arrays = between.join(json.dumps([row, row], indent=indent) for row in rows)
    twice = [row for row in rows for _ in range(2)]
    assert reasons(read(f"\ufeff{arrays}".encode(), sizes=pieces)) == twice


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(
    st.lists(objects, max_size=3), indents, st.integers(0), st.binary(max_size=3), st.integers(0, 3)
)
def test_damaged_json_never_raises_and_does_not_depend_on_the_pieces(
    rows: list[dict], indent: int | str | None, place: int, put: bytes, width: int
) -> None:
    whole = json.dumps(rows, indent=indent).encode()
    place %= len(whole)
    data = whole[:place] + put + whole[place + width :]
    elements = read(data)
    positions = [one.position for one in elements]
    assert positions == sorted(set(positions))
    assert read(data, sizes=[1]) == read(data, sizes=[3, 1, 7]) == elements
    # What ends before the damage is unchanged.
    sound = [one for one in read(whole) if one.position + len(one.raw) < place]
    assert elements[: len(sound)] == sound


@settings(deadline=None, max_examples=200)
@given(
    st.lists(objects, max_size=3), indents, st.integers(0), st.binary(max_size=3), st.integers(0, 3)
)
def test_what_is_matched_at_once_is_what_its_tokens_are(
    rows: list[dict], indent: int | str | None, place: int, put: bytes, width: int
) -> None:
    whole = json.dumps(rows, indent=indent).encode()
    place %= len(whole)
    data = whole[:place] + put + whole[place + width :]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_FLAT", "_MEMBERS"):
            patch.setattr(json_elements, name, re.compile(b"(?!)"))
        by_tokens = read(data)
    assert read(data) == by_tokens


@settings(deadline=None, max_examples=100)
@given(st.lists(objects, min_size=3, max_size=6), st.integers(0), st.sampled_from(b'"{}[]:,x'))
def test_a_broken_line_costs_itself_alone(rows: list[dict], place: int, put: int) -> None:
    lines = [json.dumps(row).encode() for row in rows]
    place %= len(lines[1])
    lines[1] = lines[1][:place] + bytes([put]) + lines[1][place + 1 :]
    elements = reasons(read(b"[\n" + b",\n".join(lines) + b"\n]"))
    assert elements[0] == rows[0]
    # A bracket that closes the array makes the last one a value.
    assert [one for one in elements if one != "no JSON"][-(len(rows) - 2) :] == rows[2:]


OBJECT = b'  {\n    "text": "a",\n    "b": [1, 2]\n  },\n'
LINE = b' {"text": "a", "b": [1, 2]},\n'


@pytest.mark.parametrize("good", [OBJECT, LINE])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        *((b'"a"', b'"a'), (b'"a"', b'a"'), (b'"text"', b'text"'), (b"}", b""), (b"]", b"")),
        *((b"[", b""), (b"[", b"{"), (b'": [', b'" ['), (b", 2", b', 2"'), (b"1", b'1 "x"')),
    ],
)
def test_a_broken_object_costs_itself_if_others_begin_lines_like_it(
    good: bytes, old: bytes, new: bytes
) -> None:
    broken = good.replace(old, new)
    first, rejected, *others = read(b"[\n" + good + broken + good * 2 + b"]")
    assert rejected.problem
    assert rejected.problem.reason == Reason.BAD_JSON
    assert "the next line that begins like it is read" in (rejected.problem.detail or "")
    starts = [first.position + len(good + broken) + number * len(good) for number in range(2)]
    assert [one.position for one in others] == starts
    assert reasons([first, *others]) == [{"text": "a", "b": [1, 2]}] * 3


@pytest.mark.parametrize(
    "data",
    [
        b'[{"text": "a"}, {"text": "b}, {"text": "c"}]',
        # Lines that are not indented may be those of inner objects.
        b'[\n{"text": "a"},\n{\n"b": [1}\n,\n{"text": "inner"}]},\n{"text": "c"}]',
        b'[{"text": "a"}, {"text": "b"',
        b'[{"text": "a"}, {"te',
        b'[{"text": "a"},',
        b'[{"text": "a"}',
    ],
)
def test_the_rest_of_a_file_without_lines_to_go_on_is_one_unreadable_value(data: bytes) -> None:
    for sizes_ in ([1], [100]):
        assert reasons(read(data, sizes=sizes_)) == [{"text": "a"}, "unreadable"]


def test_a_value_over_the_limit_is_rejected_and_not_held() -> None:
    long, nested = {"text": "a" * 300}, {"a": [{"b": ["c" * 99]}] * 3}
    rows = [{"text": "a"}, long, nested, {"text": "b"}]
    for indent in (None, 1):
        data = json.dumps(rows, indent=indent).encode()
        elements = read(data, 100, [7])
        assert reasons(elements) == [rows[0], "too_large", "too_large", rows[3]]
        assert data[elements[1].position :].startswith(b"{")


def test_values_that_are_no_objects_are_values() -> None:
    data = b'[1, null, "a]", [1, {"a": 2}], {"a": 3},, -1.5e3 ,] true'
    assert reasons(read(data)) == [1, None, "a]", [1, {"a": 2}], {"a": 3}, -1500.0, True]


@pytest.mark.parametrize("data", [b"", b" \n", b"[]", b"[ ]\n[]", b"\xef\xbb\xbf[\n]\n"])
def test_an_empty_array_has_no_values(data: bytes) -> None:
    assert read(data) == []


def test_what_comes_before_damage_of_the_stream_is_read() -> None:
    class Damaged(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                raise DamagedError("bad checksum")
            return data

    for tail, position in ((b'[{"a": 1}, {"b', 11), (b'[{"a": 1}, ', 11), (b'[{"a": 1}]', 10)):
        first, last = read_elements(Damaged(tail), MOST)
        assert (first.raw, last.position) == (b'{"a": 1}', position)
        assert last.problem
        assert last.problem.detail == "the file is damaged from here on: bad checksum"


def test_deep_brackets_take_bounded_memory() -> None:
    data = b"[" + b"[" * 200_000 + b"]" * 200_000 + b"]"
    (element,) = read(data, 1 << 20)
    assert element.problem
    assert element.problem.reason.value == "unreadable"
