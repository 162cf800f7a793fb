"""How a model's tokenizer treats a text before it looks up wordpieces."""

import dataclasses

from transforms.bert.vocabulary import SPECIAL_TOKENS, Vocabulary

# The limits of google-research/bert (`tokenization.py`), and of Hugging Face's BertTokenizer, for
# which only tokenizer.json can name another one.
GOOGLE_MAX_WORD_CHARS = 200
HUGGING_FACE_MAX_WORD_CHARS = 100
# RE2 searches for all tokens at once; with some times as many it becomes slow.
_MAX_TOKEN_BYTES = 16_384
# A text loses them before words are made; line ends and tabs are white space.
_CONTROL = frozenset(map(chr, range(0x20))) - set("\t\n\r")
# A special token in a text is split into words, or is that token.
SPLIT, KEEP = SPECIAL_TOKENS_IN_TEXT = ("split", "keep")


@dataclasses.dataclass(frozen=True)
class WordpieceRules:
    """The rules of a tokenizer.

    Attributes:
        do_lower_case: whether texts are lower-cased.
        strip_accents: whether accents are removed.
        split_chinese: whether each CJK ideograph is a word of its own.
        max_word_chars: characters of the longest word that is not unknown.
        added_tokens: tokens that are looked up in the text as it is, before it is split.
        normalized_tokens: tokens that are looked up, with their own text treated like the text, in
            what is left of it after it was cleaned, lower-cased and stripped of accents.

    The rules of a model have no special tokens among these; see `with_special_tokens`.
    """

    do_lower_case: bool
    strip_accents: bool
    split_chinese: bool = True
    max_word_chars: int = GOOGLE_MAX_WORD_CHARS
    added_tokens: tuple[str, ...] = ()
    normalized_tokens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_word_chars < 1:
            raise ValueError(f"`max_word_chars` is {self.max_word_chars}; it is at least 1")
        for name in ("added_tokens", "normalized_tokens"):
            _check_tokens(name, getattr(self, name))

    @classmethod
    def of_casing(cls, do_lower_case: bool) -> "WordpieceRules":
        """Return google-research/bert's rules, where accents go with the casing."""
        return cls(do_lower_case=do_lower_case, strip_accents=do_lower_case)

    def with_special_tokens(self, vocabulary: Vocabulary) -> "WordpieceRules":
        """Return rules by which a special token in a text is that token.

        Hugging Face's tokenizers have such rules; google-research/bert splits `[MASK]` into words.
        """
        special = tuple(token for token in SPECIAL_TOKENS if token in vocabulary.tokens)
        return dataclasses.replace(self, added_tokens=(*special, *self.added_tokens))


def check_special_tokens(special_tokens: str) -> None:
    """Raise ValueError if a setting for special tokens in texts does not exist."""
    if special_tokens not in SPECIAL_TOKENS_IN_TEXT:
        choices = ", ".join(SPECIAL_TOKENS_IN_TEXT)
        raise ValueError(f"`special_tokens` is {special_tokens!r}; there are {choices}")


def _check_tokens(name: str, tokens: tuple[str, ...]) -> None:
    """Raise ValueError if a text cannot be searched for these tokens."""
    if "" in tokens:
        raise ValueError(f"`{name}` has a token without text")
    if len(set(tokens)) < len(tokens):
        raise ValueError(f"`{name}` has a token twice")
    if any(not _CONTROL.isdisjoint(token) for token in tokens):
        raise ValueError(f"`{name}` has a token with a control character")
    size = sum(len(token.encode("utf-8", "replace")) for token in tokens)
    if size > _MAX_TOKEN_BYTES:
        raise ValueError(f"`{name}` has {size} bytes of tokens; {_MAX_TOKEN_BYTES} are supported")
