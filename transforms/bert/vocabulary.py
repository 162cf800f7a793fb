"""The wordpieces of a model, which `vocab.txt` lists one per line."""

import collections
import dataclasses
import functools
import hashlib

# Prefix of wordpieces that continue a word.
SUFFIX_MARK = "##"


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
        if len(set(self.tokens)) < len(self.tokens):
            repeated, _ = collections.Counter(self.tokens).most_common(1)[0]
            raise ValueError(f"the vocabulary has {repeated!r} twice, so its ids are ambiguous")
        for token in ("[UNK]", "[CLS]", "[SEP]", "[PAD]"):
            if token not in self._ids:
                raise ValueError(f"the vocabulary has no {token}: it is not a BERT vocabulary")

    @classmethod
    def from_bytes(cls, content: bytes) -> "Vocabulary":
        """Read the content of a vocabulary file.

        Raises:
            ValueError: it is not UTF-8, lacks a special token, or has a wordpiece twice.
        """
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"the vocabulary file is not UTF-8: {error}") from error
        # Not splitlines(): vocabularies hold line separators such as U+2028 as wordpieces.
        tokens = tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))
        return cls(tokens=tokens, sha256=hashlib.sha256(content).hexdigest())

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {token: id_ for id_, token in enumerate(self.tokens)}

    @property
    def unknown_id(self) -> int:
        """Id of [UNK]."""
        return self._ids["[UNK]"]

    @property
    def cls_id(self) -> int:
        """Id of [CLS]."""
        return self._ids["[CLS]"]

    @property
    def sep_id(self) -> int:
        """Id of [SEP]."""
        return self._ids["[SEP]"]

    @property
    def pad_id(self) -> int:
        """Id of [PAD]."""
        return self._ids["[PAD]"]
