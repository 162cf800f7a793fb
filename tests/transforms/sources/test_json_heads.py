import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sources import json_heads
from transforms.sources.detecting import CHARACTERS


@pytest.mark.parametrize(
    "text",
    ['[{"a": 1}]', "[ ]\n", "\n[\r\n\t{ }", '[{"', '[{"long na', '[{"a\\"b":', '[{"a" :[[{"text"'],
)
def test_an_array_of_objects_is_recognized(text: str) -> None:
    assert json_heads.is_array_of_objects(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[Music] plays", "[1] Smith et al.", "[]x", "[ ] to do", "[", "[{", "[{{Infobox"),
        *("[{id: 1}]", '["a"]', "[[1]]", '[{"a", "b"}]', '{"a": [{"b": 1}]}', 'a [{"b": 1}]'),
    ],
)
def test_text_and_other_values_are_no_arrays_of_objects(text: str) -> None:
    assert not json_heads.is_array_of_objects(text)


rows = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(), max_size=3), min_size=1
)


@given(rows, st.sampled_from([None, 0, 1, 4, "\t"]))
def test_any_writer_of_arrays_is_recognized(values: list[dict], indent: int | str | None) -> None:
    text = json.dumps(values, indent=indent)
    assert json_heads.is_array_of_objects(text)
    found = json_heads.problem(text, "text", True) or ""
    assert "`input_format` json reads it" in found


@pytest.mark.parametrize("indent", [0, 1, 4, "\t"])
@pytest.mark.parametrize("value", [{"id": 1, "text": "a"}, {"n": {"text": 1}}, {"": [1, {"a": 2}]}])
def test_an_object_over_lines_gets_the_remedy(value: dict, indent: int | str) -> None:
    one = json.dumps(value, indent=indent)
    for text in (one, f"\n{one}\n{one}", one.replace("\n", "\r\n"), one[: len(one) // 2 + 2]):
        found = json_heads.problem(text, "text", False) or ""
        assert "jq -c . converts it, and `input_format` json reads it" in found


def test_an_object_that_begins_in_its_first_line_gets_the_remedy() -> None:
    for text in ('{"id": 1,\n "text": "a"}', '{ "a": [\n1, 2]}', '{"a":\n"b"}', '{"a": {\n "b": 1'):
        assert "jq -c ." in (json_heads.problem(text, "text", False) or "")


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "a"}\n{\n',
        '{"text": "a",\n{"text": "b"}\n',
        '{"text": "a\n{"text": "b"}\n',
        "{\n  int x;\n}",
        "{{Infobox\n| name = a",
        "{a,\nb}",
        '{"text": "' + "a" * CHARACTERS,
        "{not json",
        "",
        "{",
    ],
)
def test_lines_and_text_have_no_problem(text: str) -> None:
    assert json_heads.problem(text, "text", len(text) < CHARACTERS) is None


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"data": [{"text": "a"}]}, ".data[]"),
        ({"type": "x", "features": [{"a": {"text": 1}}]}, ".features[]"),
        ({"meta": {"tags": [{"a": 1}]}, "my rows": [{"text": "a"}]}, '.["my rows"][]'),
    ],
)
def test_the_array_in_an_object_is_named(value: dict, path: str, indent: int | None) -> None:
    found = json_heads.problem(json.dumps(value, indent=indent), "text", True) or ""
    assert f"jq -c '{path}' writes them as JSON Lines" in found


def test_an_object_with_the_text_is_a_line_whatever_else_it_has() -> None:
    line = '{"turns": [{"a": 1}], "text": "a"}'
    assert json_heads.problem(line, "text", True) is None
    assert json_heads.problem('{"turns": [{"a": 1}]}\n{"turns": [{"a": 1}]}', "text", True) is None
    # A first line that is longer than the head may have the text at its end.
    assert json_heads.problem('{"turns": [{"a": 1}, ', "text", False) is None


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        (["a, b", "c"] * 400, ".[] | {text: .}"),
        ([1, 2.5, None] * 900, ".[] | {text: .}"),
        ([[{"text": "a"}], [{"text": "b"}]] * 200, ".[][]"),
    ],
)
def test_an_array_of_other_values_gets_the_remedy(
    values: list, remedy: str, indent: int | None
) -> None:
    for text in (json.dumps(values[:2], indent=indent), json.dumps(values, indent=indent)):
        found = json_heads.problem(text[:CHARACTERS], "text", len(text) < CHARACTERS)
        assert f"jq -c '{remedy}' converts it" in (found or "")


def test_text_in_brackets_is_text() -> None:
    for text in ("[Music]\n", "[1] Smith\n", "[a], [b]\n", "[1, 2]\n[3, 4]\n", "[" * 9):
        assert json_heads.problem(text, "text", True) is None


def test_a_first_line_that_is_an_object_with_the_text_is_a_record() -> None:
    assert json_heads.is_record('\n {"id": 1, "text": "a"}\r\n', "text")
    assert json_heads.is_record('{"a": "' + "b" * 99 + '", "text": "cut', "text")
    for text in ('{"a": 1}', '{"text": "a",\n "b": 1}', "text", '["text"]', '{"a": {"text": 1'):
        assert not json_heads.is_record(text, "text")
    assert not json_heads.is_record('{"text": "a"}', None)


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ('{"text": "a"}{"text": "b"}\n{"text": "c"} {"text": "d"}\n', True),
        ('{"text": "a"} {"text": "b"}', True),
        ('{"text": "a"},\r\n{"text": "b"},\r\n', True),
        ('{"text": "a"}{"text": "b"}\n{"text": "c"}\n', False),
        ('{"text": "a"}\n{"text": "b"}{"text": "c"}\n', False),
        ('{"text": "a"} and\n{"text": "b"} more\n', False),
        ('{"body": "a"}{"body": "b"}\n', False),
        ('{"text": "a"', False),
    ],
)
def test_objects_that_share_a_line_are_refused_with_the_remedy(text: str, is_refused: bool) -> None:
    problem = json_heads.problem(text, "text", True) or ""
    assert problem.endswith("`input_format` json reads it") == is_refused
    assert bool(problem) == is_refused
    assert json_heads.problem(text, None, True) is None
