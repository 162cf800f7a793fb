"""Tokens that a Hugging Face tokenizer finds in a text before it splits the text into words."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from transforms.bert.vocabulary import SPECIAL_TOKENS
from transforms.bert.wordpiece_rules import WordpieceRules

_FLAGS = ("special", "normalized", "single_word")


@dataclasses.dataclass(frozen=True)
class AddedToken:
    """A token beside the wordpieces.

    `lstrip` and `rstrip` of tokenizer.json are not read: they take white space around a token,
    which has no wordpieces.

    Attributes:
        id: its id.
        content: its text.
        special: whether it is a special token.
        normalized: whether it is looked up in the normalized text, and not in the text as it is.
        single_word: whether it is found between letters only if it is a word of its own.
    """

    id: int
    content: str
    special: bool = False
    normalized: bool = False
    single_word: bool = False


def parse(value: Any, where: str, id_: Any = None) -> AddedToken:
    """Return a token from its JSON.

    Args:
        value: an object with `content` and flags, and `id` if it is not given.
        where: the file and the setting, for messages.
        id_: its id.

    Raises:
        ValueError: the value is none of a token.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} is not an object")
    id_ = value.get("id") if id_ is None else id_
    content = value.get("content")
    flags = {name: value.get(name, False) for name in _FLAGS}
    if type(id_) is not int or not isinstance(content, str) or not content:
        raise ValueError(f"{where} has no id or no content")
    if any(type(flag) is not bool for flag in flags.values()):
        raise ValueError(f"{where} has a flag that is neither true nor false")
    return AddedToken(id_, content, **flags)


def merge(wordpieces: Mapping[str, int], added: Iterable[AddedToken]) -> tuple[str, ...]:
    """Return all tokens in the order of their ids.

    Raises:
        ValueError: a token has two ids, an id has two tokens, or ids are missing between 0 and the
            last one.
    """
    ids = dict(wordpieces)
    for token in added:
        if ids.setdefault(token.content, token.id) != token.id:
            raise ValueError(
                f"the token {token.content!r} has the ids {ids[token.content]} and {token.id}"
            )
    tokens = {id_: token for token, id_ in ids.items()}
    if len(tokens) < len(ids):
        first, second = next((a, tokens[id_]) for a, id_ in ids.items() if tokens[id_] != a)
        raise ValueError(f"the tokens {first!r} and {second!r} have the same id {ids[first]}")
    missing = next((id_ for id_ in range(len(tokens)) if id_ not in tokens), None)
    if missing is not None:
        raise ValueError(f"no token has the id {missing}; ids are 0 to {len(tokens) - 1}")
    return tuple(tokens[id_] for id_ in range(len(tokens)))


def with_added(
    rules: WordpieceRules, added: Iterable[AddedToken], wordpieces: Mapping[str, int]
) -> WordpieceRules:
    """Return rules that look up the added tokens, without BERT's special tokens.

    Args:
        rules: the other rules.
        added: all added tokens.
        wordpieces: the ids of the tokens that words are made of.

    Raises:
        ValueError: a token cannot be looked up as the model's tokenizer does it; the message names
            it.
    """
    others = sorted({token.id: token for token in added}.values(), key=lambda token: token.id)
    others = [token for token in others if token.content not in SPECIAL_TOKENS]
    for token in others:
        if token.single_word:
            raise ValueError(
                f"the added token {token.content!r} has single_word, which is not supported"
            )
        # Words are made of no added token at the end of the vocabulary.
        if wordpieces.get(token.content) == len(wordpieces) - 1 and token.content.isalnum():
            raise ValueError(
                f"the added token {token.content!r} is the last wordpiece too, which is not "
                "supported"
            )
    return dataclasses.replace(
        rules,
        added_tokens=tuple(token.content for token in others if not token.normalized),
        normalized_tokens=tuple(token.content for token in others if token.normalized),
    )
