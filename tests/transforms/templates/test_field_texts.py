from typing import Any

import pytest

from transforms.fields import JsonNumber, RepeatedKeys, WrongTypeError
from transforms.templates.field_texts import text_of, text_of_single


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (7, "7"),
        (1 << 70, "1180591620717411303424"),
        (True, "true"),
        (0.1, "0.1"),
        (JsonNumber("0.12345678901234567890"), "0.12345678901234567890"),
        ([], ""),
        ([None], ""),
        (["a", None, "b", 2, False], "a, b, 2, false"),
    ],
)
def test_a_value_is_written_as_text(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"\xff",
        {},
        {"a": 1},
        RepeatedKeys([("a", 1), ("a", 2)]),
        [["a"]],
        [{}],
        [b"\xff"],
        float("nan"),
        [float("inf")],
        JsonNumber("NaN"),
    ],
)
def test_other_values_have_no_text(value: Any) -> None:
    with pytest.raises(WrongTypeError):
        text_of(value)


def test_floats_of_32_bits_have_few_digits() -> None:
    assert text_of_single([0.10000000149011612, "a"]) == "0.1, a"
    assert text_of_single(16777216.0) == "16777216.0"
