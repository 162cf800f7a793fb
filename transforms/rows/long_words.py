"""Cut words that have more wordpieces than a window."""

from collections.abc import Callable

import numpy as np

from transforms.rows.borders import character_borders, word_borders
from transforms.rows.token_ranges import RangeTokenizer, TokenRanges

FindBorders = Callable[[str], list[int]]


def cut_long_words(
    text: bytes, ranges: TokenRanges, size: int, tokenizer: RangeTokenizer, by_dictionary: bool
) -> tuple[TokenRanges, np.ndarray]:
    """Cut the words of a text that have more wordpieces than a window, into halves until they fit.

    The halves of a word are words: their wordpieces are those that they have by themselves, which
    may be others than in the whole word. No window may have two of them.

    Args:
        text: UTF-8.
        ranges: its wordpieces.
        size: wordpieces of a window; a character has fewer.
        tokenizer: tokenizes the halves.
        by_dictionary: whether they end with words of a dictionary if there are any: scripts such as
            Thai write words without spaces.

    Returns:
        the wordpieces, and where a window has to begin: int64, the first wordpiece of each half but
        the first of a word.
    """
    firsts = np.flatnonzero(ranges.words)
    counts = np.diff(firsts, append=len(ranges.words))
    long = np.flatnonzero(counts > size)
    if not len(long):
        return ranges, np.empty(0, np.int64)
    columns, begins = [], []
    done = 0
    for first, count in zip(firsts[long].tolist(), counts[long].tolist(), strict=True):
        columns.append([column[done:first] for column in ranges[1:]])
        done = first + count
        begin, end = int(ranges.starts[first]), int(ranges.ends[done - 1])
        pieces = _cut_word(text[begin:end], begin, size, tokenizer, by_dictionary)
        before = sum(len(column) for column, *_ in columns)
        begins.append(before + np.cumsum([len(column) for column, *_ in pieces[:-1]]))
        columns += pieces
    columns.append([column[done:] for column in ranges[1:]])
    starts, ends, words = map(np.concatenate, zip(*columns, strict=True))
    found = TokenRanges(np.array([0, len(starts)]), starts, ends, words)
    return found, np.unique(np.concatenate(begins)).astype(np.int64)


def _cut_word(
    word: bytes, place: int, size: int, tokenizer: RangeTokenizer, by_dictionary: bool
) -> list[list[np.ndarray]]:
    """Return starts, ends and words of the pieces of a word that begins at `place`."""
    [count], (_, starts, ends, words) = (ranges := tokenizer([word])).counts.tolist(), ranges
    if count <= size:
        return [[starts + place, ends + place, words]]
    first, second = _halves(word.decode(), by_dictionary)
    return [
        *_cut_word(first, place, size, tokenizer, by_dictionary),
        *_cut_word(second, place + len(first), size, tokenizer, by_dictionary),
    ]


def _halves(word: str, by_dictionary: bool) -> tuple[bytes, bytes]:
    """Cut a word at the border that is nearest to its middle."""
    middle = len(word) / 2
    found = word_borders(word) if by_dictionary else []
    # A border near an end would leave a piece that is as long as the word.
    inner = [border for border in found if 0.25 <= border / len(word) <= 0.75]
    borders = inner or character_borders(word) or [max(1, len(word) // 2)]
    border = min(borders, key=lambda place: abs(place - middle))
    return word[:border].encode(), word[border:].encode()
