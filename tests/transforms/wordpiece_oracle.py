"""BERT's tokenization, slowly, one character after the other.

Written from the rules that google-research/bert documents in `tokenization.py`, and from those by
which Hugging Face's tokenizers differ: `WordpieceRules`.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from transforms.bert.vocabulary import SPECIAL_TOKENS
from transforms.bert.wordpiece_rules import WordpieceRules

CJK_RANGES = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F)),
    *((0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)
ASCII_SYMBOLS = ((33, 47), (58, 64), (91, 96), (123, 126))
_FIRST_IDEOGRAPH = min(first for first, _ in CJK_RANGES)
# By the id of a vocabulary and rules; the vocabulary is kept too, so that no other gets its id.
_OF_WORDS: dict[tuple[int, WordpieceRules], tuple[Mapping[str, int], Mapping[str, int]]] = {}


def tokenize(text: str, ids: Mapping[str, int], rules: WordpieceRules) -> list[int]:
    """Return the ids of a text, without [CLS] and [SEP]."""
    found = []
    for part, token in split_at(text, {token: token for token in rules.added_tokens}):
        found += [ids[token]] if token else tokenize_rest(part, ids, rules)
    return found


def tokenize_rest(text: str, ids: Mapping[str, int], rules: WordpieceRules) -> list[int]:
    """Return the ids of a text in which tokens are looked up only after it is normalized."""
    by_text = {}
    for token in rules.normalized_tokens:
        by_text.setdefault(normalize(token, rules), token)
    by_text.pop("", None)
    found = []
    of_words = without_added_at_the_end(ids, rules)
    for part, token in split_at(normalize(text, rules), by_text):
        pieces = [piece for word in split(part) for piece in wordpieces(word, of_words, rules)]
        found += [ids[piece] for piece in ([token] if token else pieces)]
    return found


def without_added_at_the_end(ids: Mapping[str, int], rules: WordpieceRules) -> Mapping[str, int]:
    """Drop added tokens that come after all wordpieces: no word is made of them."""
    added = {*rules.added_tokens, *rules.normalized_tokens} - set(SPECIAL_TOKENS)
    if not added:
        return ids
    key = id(ids), rules
    if key not in _OF_WORDS:
        last = max(id_ for token, id_ in ids.items() if token not in added)
        _OF_WORDS[key] = ids, {token: id_ for token, id_ in ids.items() if id_ <= last}
    return _OF_WORDS[key][1]


def split_at(text: str, tokens: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Cut a text at tokens, the longest first: what is between has no token."""
    start = place = 0
    while place < len(text):
        here = [token for token in tokens if text.startswith(token, place)]
        if here:
            longest = max(here, key=len)
            yield text[start:place], None
            yield longest, tokens[longest]
            start = place = place + len(longest)
        else:
            place += 1
    yield text[start:], None


def words(text: str, rules: WordpieceRules) -> Iterator[str]:
    """Clean a text and split it at white space, ideographs and punctuation."""
    yield from split(normalize(text, rules))


def normalize(text: str, rules: WordpieceRules) -> str:
    """Clean a text, set its ideographs apart, and fold each word."""
    spaced = "".join(clean(char, rules) for char in text)
    return " ".join(fold(word, rules) for word in spaced.split(" "))


def split(text: str) -> Sequence[str]:
    """Split a normalized text into words."""
    return "".join(f" {c} " if is_punctuation(c) else c for c in text).split()


def clean(char: str, rules: WordpieceRules) -> str:
    if char in "\t\n\r" or unicodedata.category(char) in ("Zs", "Zl", "Zp"):
        return " "
    if char in "\0\ufffd" or unicodedata.category(char) in ("Cc", "Cf"):
        return ""
    return f" {char} " if rules.split_chinese and is_ideograph(char) else char


def is_ideograph(char: str) -> bool:
    code = ord(char)
    return code >= _FIRST_IDEOGRAPH and any(first <= code <= last for first, last in CJK_RANGES)


def fold(word: str, rules: WordpieceRules) -> str:
    """Lower-case a word, and strip its accents."""
    if rules.do_lower_case:
        word = word.lower()
    if not rules.strip_accents:
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")


def is_punctuation(char: str) -> bool:
    if char.isascii() and any(first <= ord(char) <= last for first, last in ASCII_SYMBOLS):
        return True
    return unicodedata.category(char).startswith("P")


def wordpieces(word: str, ids: Mapping[str, int], rules: WordpieceRules) -> list[str]:
    """Match the longest wordpiece first; a word that does not come out even is unknown."""
    if len(word) > rules.max_word_chars:
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
