"""How a model's tokenizer treats a text before it looks up wordpieces."""

import dataclasses

# The limits of google-research/bert (`tokenization.py`), and of Hugging Face's BertTokenizer, for
# which only tokenizer.json can name another one.
GOOGLE_MAX_WORD_CHARS = 200
HUGGING_FACE_MAX_WORD_CHARS = 100


@dataclasses.dataclass(frozen=True)
class WordpieceRules:
    """The rules of a tokenizer.

    Attributes:
        do_lower_case: whether texts are lower-cased.
        strip_accents: whether accents are removed.
        split_chinese: whether each CJK ideograph is a word of its own.
        max_word_chars: characters of the longest word that is not unknown.
        added_tokens: tokens that are looked up in the text as it is, before it is split.
    """

    do_lower_case: bool
    strip_accents: bool
    split_chinese: bool = True
    max_word_chars: int = GOOGLE_MAX_WORD_CHARS
    added_tokens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_word_chars < 1:
            raise ValueError(f"`max_word_chars` is {self.max_word_chars}; it is at least 1")

    @classmethod
    def of_casing(cls, do_lower_case: bool) -> "WordpieceRules":
        """Return google-research/bert's rules, where accents go with the casing."""
        return cls(do_lower_case=do_lower_case, strip_accents=do_lower_case)
