"""Texts in plots: distinct, visible, cut before they are escaped."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report import labels
from pipeline.report.file_names import cut_names, shorten_paths

names = st.text(st.sampled_from("ab"), min_size=1, max_size=3)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(st.sets(paths, min_size=1, max_size=12))
def test_files_have_the_shortest_end_that_no_other_file_has(all_paths: set[str]) -> None:
    short = shorten_paths(all_paths)
    assert len(set(short.values())) == len(all_paths)
    for path, name in short.items():
        assert f"/{path}".endswith(f"/{name}")
        shared = [other for other in all_paths if f"/{other}".endswith(f"/{name}")]
        assert shared == [path] or name == path
        shorter = name.partition("/")[2]
        if shorter:
            assert sum(f"/{other}".endswith(f"/{shorter}") for other in all_paths) > 1


@given(st.sets(st.text(st.sampled_from("abc"), max_size=40), min_size=1, max_size=9))
def test_cut_names_stay_different(long: set[str]) -> None:
    cut = cut_names(sorted(long), 14)
    assert len(set(cut)) == len(long)
    assert max(map(len, cut)) <= 14
    assert all(one == name for one, name in zip(cut, sorted(long), strict=True) if len(name) <= 14)


def test_names_that_differ_only_in_the_middle_are_numbered() -> None:
    long = [f"{'a' * 40}{letter}{'a' * 40}" for letter in "xyx"]
    first, second, third = cut_names(long, 20)
    assert (first, third) == (first, first)
    assert (first[-4:], second[-4:]) == (" (1)", " (2)")


@given(st.text())
def test_shown_text_is_printable(text: str) -> None:
    shown = labels.visible(text)
    assert all(char.isprintable() or char in "\u200c\u200d" for char in shown)
    if text.isprintable():
        assert shown == text


@given(st.text(), st.integers(3, 40))
def test_a_text_cut_to_bytes_is_its_beginning(text: str, limit: int) -> None:
    cut = labels.cut_bytes(text, limit)
    assert len(cut.encode()) <= limit
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
    # No more is cut than is needed.
    assert cut == text or len(text[: len(cut)].encode()) + len("…".encode()) > limit


def test_directions_are_escaped() -> None:
    assert labels.visible("rtl\u202egnp\u2066") == "rtl\\u202egnp\\u2066"
