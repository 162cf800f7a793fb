import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.rows.packing import Borders, pack


@st.composite
def documents(draw: st.DrawFn) -> tuple[Borders, int, int]:
    """Words of at most `size` wordpieces; some of them begin sentences."""
    size = draw(st.integers(1, 12))
    lengths = draw(st.lists(st.integers(1, size), min_size=1, max_size=40))
    begins = np.cumsum([0, *lengths])
    words = np.zeros(begins[-1], bool)
    words[begins[:-1]] = True
    of_words = draw(st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths)))
    preferred = np.zeros_like(words)
    preferred[begins[:-1]] = of_words
    return Borders(words, preferred), size, draw(st.integers(0, size))


@given(documents())
def test_windows_cover_a_document_in_order_and_fit(document: tuple[Borders, int, int]) -> None:
    borders, size, stride = document
    begins, ends = pack(borders, size, stride).T
    assert begins[0] == 0
    assert ends[-1] == len(borders.words)
    assert (np.diff(begins) > 0).all()
    assert (np.diff(ends) > 0).all()
    assert (ends - begins <= size).all()
    assert (begins[1:] <= ends[:-1]).all()
    assert borders.words[begins].all()
    assert borders.words[ends[:-1]].all()
    if not stride:
        assert (begins[1:] == ends[:-1]).all()


@given(documents())
def test_a_window_ends_between_sentences_if_it_can(document: tuple[Borders, int, int]) -> None:
    borders, size, stride = document
    for begin, end in pack(borders, size, stride)[:-1].tolist():
        reached = np.arange(begin + 1, min(begin + size, len(borders.words) - 1) + 1)
        best = next(
            (kind for kind in (borders.preferred, borders.words) if kind[reached].any()), None
        )
        assert best is not None
        assert end == reached[best[reached]].max()


def test_windows_begin_as_often_as_the_stride_asks_for() -> None:
    words = np.ones(10, bool)
    assert pack(Borders(words, words), 4, 2).tolist() == [[0, 4], [2, 6], [4, 8], [6, 10]]


def test_a_window_that_has_nothing_new_is_left_out() -> None:
    words = np.ones(9, bool)
    sentences = np.isin(np.arange(9), [0, 2, 4])
    # From 2, no sentence ends before 4, where the first window ends too.
    assert pack(Borders(words, sentences), 5, 2).tolist() == [[0, 4], [4, 9]]


def test_a_word_that_is_longer_than_a_window_is_an_error() -> None:
    words = np.array([True, False, False])
    with pytest.raises(ValueError, match="the word at wordpiece 0 has more than 2"):
        pack(Borders(words, words), 2)
