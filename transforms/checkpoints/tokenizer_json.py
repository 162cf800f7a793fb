"""Read tokenizer.json, the file in which Hugging Face's tokenizers keep all their parts.

This program computes BERT's tokenizer. A part that does anything else is refused by name. The
settings `truncation`, `padding` and `decoder` are not read: a job has its own length, and decodes
nothing. Source of the format: https://github.com/huggingface/tokenizers
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from transforms.bert.vocabulary import SUFFIX_MARK
from transforms.checkpoints import added_tokens
from transforms.checkpoints.added_tokens import AddedToken

NAME = "tokenizer.json"
_MOST_WORD_CHARS = 10_000
_MOST_SHOWN = 80

_Part = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class TokenizerParts:
    """What the parts of a tokenizer say.

    Attributes:
        wordpieces: ids of the wordpieces.
        added: added tokens, special ones included.
        lowercase: whether texts are lower-cased.
        strip_accents: whether accents are removed; None if they go with the casing.
        split_chinese: whether each CJK ideograph is a word of its own.
        max_word_chars: characters of the longest word that is not unknown.
    """

    wordpieces: Mapping[str, int]
    added: tuple[AddedToken, ...]
    lowercase: bool
    strip_accents: bool | None
    split_chinese: bool
    max_word_chars: int


def parse(content: _Part) -> TokenizerParts:
    """Return the parts of a tokenizer.

    Args:
        content: the JSON of the file.

    Raises:
        ValueError: it is not BERT's tokenizer; the message names file, setting and value.
    """
    model = _only(content, "model", "WordPiece")
    _expect(model, "model", "unk_token", "[UNK]")
    _expect(model, "model", "continuing_subword_prefix", SUFFIX_MARK)
    normalizer = _only(content, "normalizer", "BertNormalizer", "normalizers")
    _expect(normalizer, "normalizer", "clean_text", True)
    _only(content, "pre_tokenizer", "BertPreTokenizer", "pretokenizers")
    wordpieces = _wordpieces(model)
    added = _added(content)
    ids = {**wordpieces, **{token.content: token.id for token in added}}
    _check_post_processor(content, ids)
    strip_accents = normalizer.get("strip_accents")
    return TokenizerParts(
        wordpieces=wordpieces,
        added=added,
        lowercase=_flag(normalizer, "lowercase"),
        strip_accents=None if strip_accents is None else _flag(normalizer, "strip_accents"),
        split_chinese=_flag(normalizer, "handle_chinese_chars"),
        max_word_chars=_max_word_chars(model),
    )


def _only(content: _Part, name: str, kind: str, inner: str = "") -> _Part:
    """Return the part of a name, which must be of one kind; a sequence of one part is that part."""
    parts = _flatten(content.get(name), name, inner)
    # Early versions of the format do not name the kind of the model.
    kinds = [part.get("type", kind if name == "model" else None) for part in parts]
    if kinds != [kind]:
        found = " and ".join(map(_shown, kinds)) or "nothing"
        raise ValueError(f"{NAME} has {name} {found}; only {kind} is supported")
    return parts[0]


def _flatten(part: Any, name: str, inner: str) -> list[_Part]:
    flat: list[_Part] = []
    waiting = [] if part is None else [part]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Mapping):
            raise ValueError(f"{NAME} has {name} {_shown(part)}, not an object")
        steps = part.get(inner)
        if part.get("type") == "Sequence" and isinstance(steps, list):
            waiting.extend(reversed(steps))
        else:
            flat.append(part)
    return flat


def _expect(part: _Part, name: str, setting: str, expected: Any) -> None:
    value = part.get(setting)
    if type(value) is not type(expected) or value != expected:
        raise ValueError(
            f"{NAME} has {name}.{setting} {_shown(value)}; only {expected!r} is supported"
        )


def _flag(normalizer: _Part, setting: str) -> bool:
    value = normalizer.get(setting)
    if not isinstance(value, bool):
        raise ValueError(f"{NAME} has normalizer.{setting} {_shown(value)}; it is true or false")
    return value


def _max_word_chars(model: _Part) -> int:
    value = model.get("max_input_chars_per_word")
    if type(value) is not int or not 1 <= value <= _MOST_WORD_CHARS:
        raise ValueError(
            f"{NAME} has model.max_input_chars_per_word {_shown(value)}; "
            f"it is from 1 to {_MOST_WORD_CHARS}"
        )
    return value


def _wordpieces(model: _Part) -> Mapping[str, int]:
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, dict):
        raise ValueError(f"{NAME} has model.vocab {_shown(vocabulary)}, not an object")
    # bool is a subtype of int.
    if set(map(type, vocabulary.values())) - {int}:
        raise ValueError(f"{NAME} has ids in model.vocab that are not integers")
    return vocabulary


def _added(content: _Part) -> tuple[AddedToken, ...]:
    listed = content.get("added_tokens") or []
    if not isinstance(listed, list):
        raise ValueError(f"{NAME} has added_tokens {_shown(listed)}, not a list")
    return tuple(
        added_tokens.parse(value, f"{NAME}: added_tokens[{number}]")
        for number, value in enumerate(listed)
    )


def _special(name: str, segment: int) -> _Part:
    return {"SpecialToken": {"id": name, "type_id": segment}}


def _sequence(name: str, segment: int) -> _Part:
    return {"Sequence": {"id": name, "type_id": segment}}


_SINGLE = [_special("[CLS]", 0), _sequence("A", 0), _special("[SEP]", 0)]
_TEMPLATES = {"single": _SINGLE, "pair": [*_SINGLE, _sequence("B", 1), _special("[SEP]", 1)]}


def _check_post_processor(content: _Part, ids: Mapping[str, int]) -> None:
    """Check that a text becomes [CLS] A [SEP], and two texts [CLS] A [SEP] B [SEP]."""
    name = "post_processor"
    parts = _flatten(content.get(name), name, "processors")
    kinds = [part.get("type") for part in parts]
    if kinds == ["BertProcessing"]:
        for setting, token in (("cls", "[CLS]"), ("sep", "[SEP]")):
            _expect(parts[0], name, setting, [token, ids.get(token)])
    elif kinds == ["TemplateProcessing"]:
        for setting, template in _TEMPLATES.items():
            if parts[0].get(setting) != template:
                raise ValueError(f"{NAME} has another {name}.{setting} than [CLS] A [SEP] B [SEP]")
        _check_template_ids(parts[0].get("special_tokens"), ids)
    else:
        found = " and ".join(map(_shown, kinds)) or "nothing"
        raise ValueError(
            f"{NAME} has {name} {found}; only TemplateProcessing and BertProcessing are supported"
        )


def _check_template_ids(special_tokens: Any, ids: Mapping[str, int]) -> None:
    for token in ("[CLS]", "[SEP]"):
        listed = special_tokens.get(token) if isinstance(special_tokens, dict) else None
        given = listed.get("ids") if isinstance(listed, dict) else None
        if given != [ids.get(token)]:
            raise ValueError(
                f"{NAME} has post_processor.special_tokens {token} {_shown(given)}; "
                f"the vocabulary has {ids.get(token)}"
            )


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _MOST_SHOWN else shown[:_MOST_SHOWN] + "…"
