"""Texts in several scripts, and a vocabulary for them. Every environment imports this."""

# ruff: noqa: RUF001  (the texts mean their look-alike letters)

from collections.abc import Sequence

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Words that texts contain, whole or in pieces.
_WORDS = ("the", "cat", "sat", "un", "##able", "##s", "##ing", "cafe", "café", "naive", "query")

TEXTS = (
    "The cat sat on the mat.",
    "Cats sleep",
    "unable, unstable; unbelievable!",
    "CAFÉ naïve Café résumé",
    "Cafe\u0301 nai\u0308ve, decomposed",
    "Der Fußgänger überquert die Straße.",
    "İstanbul'da ılık bir akşam",
    "Съешь же ещё этих булок",
    "Η θάλασσα ήταν ήρεμη, ο ψαράς",
    "三月春天，山中有花",
    "Mixed 水 means water, カタカナとひらがな",
    "오늘 아침에는 안개가",
    "बारिश के बाद हवा",
    "שלום עולם",
    "I love this! 😀🎉",
    "a\tb\u00a0c\u3000d\r\ne",
    "zero\u200bwidth and soft\u00adhyphen",
    "a long word: " + "abcde" * 24 + " ends",
    "3.14 * 2 = 6.28; #tag @name don't",
    "see <url>, and <URL>x",
    "x",
)
PAIRS = (("The cat sat", "on the mat."), ("Где", "山中有花 a cat"))
MOST_TOKENS = 64


def vocabulary(*more: str) -> tuple[str, ...]:
    """Return the special tokens, some words, and most characters of the texts, in every casing.

    Args:
        more: tokens to add at the end.
    """
    import unicodedata

    characters: dict[str, None] = {}
    for text in (*TEXTS, *(text for pair in PAIRS for text in pair)):
        for form in (text, text.lower(), unicodedata.normalize("NFD", text.lower())):
            characters |= dict.fromkeys(form)
    letters = [c for c in sorted(characters) if c.isprintable() and not c.isspace()]
    # Some letters are unknown.
    kept = [c for number, c in enumerate(letters) if number % 23]
    pieces = [f"##{c}" for c in kept if c.isalpha() or unicodedata.category(c) == "Mn"]
    return tuple(dict.fromkeys((*SPECIAL_TOKENS, *_WORDS, *kept, *pieces, *more)))


def to_vocab_txt(tokens: Sequence[str]) -> str:
    """Return the content of a vocab.txt."""
    return "".join(f"{token}\n" for token in tokens)
