"""Texts in plots: told apart, visible, cut before they are escaped."""

import html

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report import labels
from pipeline.report.file_names import cut_apart, tell_apart

names = st.text(st.sampled_from("ab"), min_size=1, max_size=3)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(st.sets(paths, min_size=1, max_size=12))
def test_files_have_the_shortest_end_that_no_other_has(found: set[str]) -> None:
    told = tell_apart(found)
    assert len(set(told.values())) == len(found)
    for path, name in told.items():
        assert f"/{path}".endswith(f"/{name}")
        shared = [other for other in found if f"/{other}".endswith(f"/{name}")]
        assert shared == [path] or name == path
        shorter = name.partition("/")[2]
        if shorter:
            assert sum(f"/{other}".endswith(f"/{shorter}") for other in found) > 1


@given(st.sets(st.text(st.sampled_from("abc"), max_size=40), min_size=1, max_size=9))
def test_cut_names_stay_apart(found: set[str]) -> None:
    cut = cut_apart(sorted(found), 14)
    assert len(set(cut)) == len(found)
    assert max(map(len, cut)) <= 14
    assert all(one == name for one, name in zip(cut, sorted(found), strict=True) if len(name) <= 14)


def test_what_differs_in_the_middle_alone_is_numbered() -> None:
    found = [f"{'a' * 40}{letter}{'a' * 40}" for letter in "xyx"]
    first, second, third = cut_apart(found, 20)
    assert (first, third) == (first, first)
    assert (first[-4:], second[-4:]) == (" (1)", " (2)")


@given(st.text())
def test_what_is_shown_is_seen(text: str) -> None:
    shown = labels.visible(text)
    assert all(char.isprintable() or char in "\u200c\u200d" for char in shown)
    if text.isprintable():
        assert shown == text
    lines = labels.paragraph(shown, 20)
    assert html.unescape("".join(lines)).replace(" ", "") == shown.replace(" ", "")
    assert all(len(html.unescape(line)) <= 20 for line in lines)


def test_quotes_stay_and_lines_end_at_words() -> None:
    assert labels.markup('"it\'s" <b>') == '"it\'s" &lt;b&gt;'
    assert labels.paragraph("a sentence of some words", 12) == ["a sentence", "of some", "words"]
    # Wide characters take twice the room.
    assert labels.paragraph("猫" * 12, 12) == ["猫" * 6, "猫" * 6]
    assert labels.visible("rtl\u202egnp\u2066") == "rtl\\u202egnp\\u2066"
