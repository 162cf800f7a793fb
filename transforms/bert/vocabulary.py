"""The wordpieces of a model, which `vocab.txt` lists one per line."""

import collections
import dataclasses
import functools
import hashlib
from collections.abc import Sequence

# Prefix of wordpieces that continue a word.
SUFFIX_MARK = "##"
UNKNOWN, CLS, SEP, PAD = _REQUIRED = ("[UNK]", "[CLS]", "[SEP]", "[PAD]")
# The tokens with a meaning for BERT itself.
SPECIAL_TOKENS = (*_REQUIRED, "[MASK]")


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Wordpieces in the order of their ids.

    Attributes:
        tokens: the wordpiece of each id.
        sha256: sha256 of the vocabulary file.
    """

    tokens: tuple[str, ...]
    sha256: str

    def __post_init__(self) -> None:
        check_distinct(self.tokens)
        for token in _REQUIRED:
            if token not in self._ids:
                raise ValueError(f"the vocabulary has no {token}: it is not a BERT vocabulary")

    @classmethod
    def from_bytes(cls, content: bytes) -> "Vocabulary":
        """Read the content of a vocabulary file.

        Raises:
            ValueError: it is not UTF-8, lacks a special token, or has a wordpiece twice.
        """
        return cls(tokens=read_tokens(content), sha256=hashlib.sha256(content).hexdigest())

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {token: id_ for id_, token in enumerate(self.tokens)}

    def ids_of(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return the ids of tokens.

        Raises:
            ValueError: the vocabulary lacks one.
        """
        missing = next((token for token in tokens if token not in self._ids), None)
        if missing is not None:
            raise ValueError(f"the vocabulary has no token {missing!r}")
        return {token: self._ids[token] for token in tokens}

    @property
    def unknown_id(self) -> int:
        """Id of [UNK]."""
        return self._ids[UNKNOWN]

    @property
    def cls_id(self) -> int:
        """Id of [CLS]."""
        return self._ids[CLS]

    @property
    def sep_id(self) -> int:
        """Id of [SEP]."""
        return self._ids[SEP]

    @property
    def pad_id(self) -> int:
        """Id of [PAD]."""
        return self._ids[PAD]


def read_tokens(content: bytes) -> tuple[str, ...]:
    """Return the lines of a vocabulary file.

    Raises:
        ValueError: it is not UTF-8.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the vocabulary file is not UTF-8: {error}") from error
    # Not splitlines(): vocabularies hold line separators such as U+2028 as wordpieces.
    return tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))


def write_tokens(tokens: tuple[str, ...]) -> bytes:
    """Return the content of a vocabulary file.

    Raises:
        ValueError: a token has a character that cannot be in a line of such a file.
    """
    try:
        content = "".join(f"{token}\n" for token in tokens).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a token has half of a surrogate pair: {error}") from error
    if read_tokens(content) != tokens:
        token = next(token for token in tokens if "\n" in token or token.endswith("\r"))
        raise ValueError(f"the token {token!r} has a line break, which no vocab.txt can hold")
    return content


def check_distinct(tokens: tuple[str, ...]) -> None:
    """Raise ValueError if a token is there twice."""
    if len(set(tokens)) < len(tokens):
        repeated, _ = collections.Counter(tokens).most_common(1)[0]
        raise ValueError(f"the vocabulary has {repeated!r} twice, so its ids are ambiguous")
