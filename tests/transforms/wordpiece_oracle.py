"""BERT's tokenization, slowly, one character after the other.

Written from the rules that google-research/bert documents in `tokenization.py`.
"""

import unicodedata
from collections.abc import Iterator, Mapping

from transforms.bert.wordpiece_rules import WordpieceRules

CJK_RANGES = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F)),
    *((0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)
ASCII_SYMBOLS = ((33, 47), (58, 64), (91, 96), (123, 126))
MAX_WORD_CHARS = 200


def tokenize(text: str, ids: Mapping[str, int], rules: WordpieceRules) -> list[int]:
    """Return the ids of a text, without [CLS] and [SEP]."""
    return [ids[piece] for word in words(text, rules) for piece in wordpieces(word, ids)]


def words(text: str, rules: WordpieceRules) -> Iterator[str]:
    """Clean a text and split it at white space, ideographs and punctuation."""
    spaced = "".join(clean(char) for char in text)
    for token in spaced.split():
        folded = fold(token) if rules.do_lower_case else token
        yield from "".join(f" {c} " if is_punctuation(c) else c for c in folded).split()


def clean(char: str) -> str:
    if char in "\t\n\r" or unicodedata.category(char) == "Zs":
        return " "
    if char in "\0\ufffd" or unicodedata.category(char) in ("Cc", "Cf"):
        return ""
    is_cjk = any(first <= ord(char) <= last for first, last in CJK_RANGES)
    return f" {char} " if is_cjk else char


def fold(token: str) -> str:
    decomposed = unicodedata.normalize("NFD", token.lower())
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


def is_punctuation(char: str) -> bool:
    if any(first <= ord(char) <= last for first, last in ASCII_SYMBOLS):
        return True
    return unicodedata.category(char).startswith("P")


def wordpieces(word: str, ids: Mapping[str, int]) -> list[str]:
    """Match the longest wordpiece first; a word that does not come out even is unknown."""
    if len(word) > MAX_WORD_CHARS:
        return ["[UNK]"]
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        end = next(
            (end for end in range(len(word), start, -1) if prefix + word[start:end] in ids), None
        )
        if end is None:
            return ["[UNK]"]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces
