import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import checked_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert checked_json.loads(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("[NaN]", "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("-1e400", "-1e400 is no number"),
        ("1" * 5000, "4300 digits"),
        ("{", "Expecting"),
        ("", "Expecting value"),
    ],
)
def test_json_without_end_or_sense_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        checked_json.loads(text)


SOUND = [
    *[(checked_json.text, value) for value in ("", "a")],
    *[(checked_json.flag, value) for value in (True, False)],
    *[(checked_json.whole, value) for value in (0, 2**63 - 1)],
    *[(checked_json.seconds, value) for value in (0, 1.5, 1e11)],
    *[(checked_json.items, value) for value in ([], [1])],
    *[(checked_json.fields, value) for value in ({}, {"a": 1})],
]
WRONG = [
    *[(checked_json.text, value) for value in ("\ud800", 1, None, [])],
    *[(checked_json.flag, value) for value in (1, 0, "true", None)],
    *[(checked_json.whole, value) for value in (-1, 2**63, 1.0, True, "1", None)],
    *[(checked_json.seconds, value) for value in (-0.5, 1e12, False, "1", None)],
    *[(checked_json.items, value) for value in ({}, "a", None)],
    *[(checked_json.fields, value) for value in ([], "a", None)],
]


@pytest.mark.parametrize(("take", "value"), SOUND)
def test_what_is_of_its_kind_is_taken(take: Callable, value: object) -> None:
    assert take({"field": value}, "field") == value


@pytest.mark.parametrize(("take", "value"), WRONG)
def test_what_is_of_another_kind_is_refused_by_name(take: Callable, value: object) -> None:
    with pytest.raises(ValueError, match=r"^'field' is n"):
        take({"field": value}, "field")


@pytest.mark.parametrize("record", [None, [], "field", 7, {}])
def test_a_field_that_is_not_there_is_refused_by_name(record: object) -> None:
    with pytest.raises(ValueError, match=r"'field' (is missing|is no object)|hold 'field'"):
        checked_json.whole(record, "field")
