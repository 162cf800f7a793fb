import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import escaping

OF_DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text())
def test_what_is_shown_cannot_steer_a_terminal(text: str) -> None:
    shown = escaping.one_line(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Zl", "Zp", "Cs"}
    assert not set(shown) & OF_DIRECTION
    assert len(shown.splitlines()) <= 1


@pytest.mark.slow
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_stays_the_json_of_the_same_value(value: object) -> None:
    assert json.loads(escaping.one_line(json.dumps(value, ensure_ascii=False))) == value


def test_every_writing_stays_as_it_is() -> None:
    for text in ("Ångström", "日本語　全角", "می\u200cخواهم", "שלום", "👩\u200d💻", "tab? no", ""):
        assert escaping.one_line(text) == text


def test_the_ends_of_lines_stay_where_there_are_several() -> None:
    assert escaping.lines("one\r\ntwo\x1b\u202e\n") == "one\\u000d\ntwo\\u001b\\u202e\n"
