"""Find where sentences, paragraphs and words of a text begin."""

import itertools
import re
import unicodedata
from collections.abc import Iterator

import numpy as np

# Blank lines, or U+2029 (PARAGRAPH SEPARATOR). The spaces of an indentation belong to its
# paragraph.
_LINE_END = rb"(?>\r\n|\n|\r)"
_BETWEEN_PARAGRAPHS = re.compile(_LINE_END + rb"(?:[ \t]*" + _LINE_END + rb")+|\xe2\x80\xa9")
# The rules of ICU that no language tailors; words of Thai, Lao, Khmer, Burmese, Chinese and
# Japanese come from its dictionaries.
_LOCALE = "root"
# A zero-width joiner and variation selectors belong to the characters beside them.
_JOINER = "\u200d"


def paragraph_borders(text: bytes) -> np.ndarray:
    r"""Return where the paragraphs of a text begin, except the first; int64, in bytes.

    >>> paragraph_borders(b"one\n\n two\r\nmore\n \nthree").tolist()
    [5, 18]
    """
    return np.array([match.end() for match in _BETWEEN_PARAGRAPHS.finditer(text)], np.int64)


def sentence_borders(text: bytes) -> np.ndarray:
    """Return where the sentences of a text begin, except the first; int64, in bytes.

    They are those of Unicode (UAX 29), which end at line ends too.

    >>> sentence_borders("Ist sie da? Ja. 你好。再见。".encode()).tolist()
    [12, 16, 25]
    """
    from icu4py.breakers import SentenceBreaker

    sentences = SentenceBreaker(text.decode(), _LOCALE)
    return np.cumsum([len(sentence.encode()) for sentence in sentences], dtype=np.int64)[:-1]


def word_borders(text: str) -> list[int]:
    """Return where words of a text begin, except the first, in characters, by dictionaries of ICU.

    >>> word_borders("ภาษาไทย")
    [4]
    """
    from icu4py.breakers import WordBreaker

    lengths = [len(word) for word in WordBreaker(text, _LOCALE)]
    return list(itertools.accumulate(lengths))[:-1]


def character_borders(text: str) -> list[int]:
    r"""Return where characters of a text begin that do not belong to the one before them.

    >>> character_borders("ae\u0301i")
    [1, 3]
    """
    return list(_character_borders(text))


def _character_borders(text: str) -> Iterator[int]:
    for place, char in enumerate(text[1:], start=1):
        # Marks, and invisible characters such as joiners.
        attached = unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf")
        if not attached and text[place - 1] != _JOINER:
            yield place
