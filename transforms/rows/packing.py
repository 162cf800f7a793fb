"""Pack the wordpieces of a document into windows."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Borders(NamedTuple):
    """Where windows of a document may begin and end.

    Attributes:
        words: bool [wordpieces], whether a word begins with a wordpiece.
        preferred: bool [wordpieces], whether a sentence or paragraph does; the same as `words` if
            windows end anywhere between words.
    """

    words: np.ndarray
    preferred: np.ndarray


def pack(borders: Borders, size: int, stride: int = 0) -> np.ndarray:
    """Cut a document into windows that have as many wordpieces as fit.

    A window ends at the last preferred border that it reaches. If it reaches none, it ends at the
    last word border. No word has more wordpieces than a window.

    Args:
        borders: of a document of at least one wordpiece.
        size: wordpieces of the longest window.
        stride: wordpieces between the starts of windows, or less if no border is there; windows
            overlap if it is smaller than they are. 0: windows do not overlap.

    Returns:
        int64 [windows, 2]: the range of wordpieces of each window. Starts and ends increase; the
        first window begins with the document, the last one ends with it, and each wordpiece is in
        a window.

    Raises:
        ValueError: a word has more wordpieces than a window.

    >>> words = np.array([True, True, False, True, True, False])
    >>> pack(Borders(words, words), 3).tolist()
    [[0, 3], [3, 6]]
    """
    return np.array(list(_pack(borders, size, stride)), np.int64)


def _pack(borders: Borders, size: int, stride: int) -> Iterator[tuple[int, int]]:
    length = len(borders.words)
    last = _LastBorders(_last(borders.preferred), _last(borders.words))
    begin, end = 0, 0
    while end < length:
        reached = begin + size
        next_end = length if reached >= length else last.between(begin, reached)
        if next_end <= end:
            if begin == end:
                raise ValueError(f"the word at wordpiece {begin} has more than {size}")
            # The earlier window has all of this one.
            begin = end
            continue
        end = next_end
        yield begin, end
        begin = last.between(begin, begin + stride) if 0 < stride < end - begin else end
        begin = begin if begin < end else end


def _last(is_border: np.ndarray) -> np.ndarray:
    """Return the last border up to each wordpiece, int64 [wordpieces]; 0 if there is none."""
    places = np.where(is_border, np.arange(len(is_border)), 0)
    last: np.ndarray = np.maximum.accumulate(places)
    return last


class _LastBorders(NamedTuple):
    """The last border of each kind up to each wordpiece."""

    preferred: np.ndarray
    words: np.ndarray

    def between(self, begin: int, reached: int) -> int:
        """Return the best border behind `begin`, up to `reached`; `begin` if there is none."""
        if self.preferred[reached] > begin:
            return int(self.preferred[reached])
        return max(begin, int(self.words[reached]))
