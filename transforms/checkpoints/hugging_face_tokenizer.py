"""Read the tokenizer of a Hugging Face folder: its vocabulary and its rules.

transformers 5 saves `tokenizer.json`, earlier versions `vocab.txt` too, and folders of 2019 have
`vocab.txt` alone. What two files say must agree. The casing is never guessed.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transforms.bert.vocabulary import (
    SPECIAL_TOKENS,
    check_distinct,
    read_tokens,
    write_tokens,
)
from transforms.bert.wordpiece_rules import HUGGING_FACE_MAX_WORD_CHARS, WordpieceRules
from transforms.checkpoints import added_tokens, tokenizer_json, tokenizer_settings
from transforms.checkpoints.added_tokens import AddedToken
from transforms.checkpoints.checkpoint import UnstatedError, read_checkpoint_file, read_json
from transforms.checkpoints.tokenizer_json import TokenizerParts
from transforms.checkpoints.tokenizer_settings import TokenizerSettings

_VOCABULARY = "vocab.txt"
_ADDED_TOKENS = "added_tokens.json"


@dataclasses.dataclass(frozen=True)
class FolderTokenizer:
    """The tokenizer of a folder.

    Attributes:
        vocabulary: content of a vocab.txt with all tokens.
        rules: how texts are treated before wordpieces are looked up.
        is_whole: whether the vocabulary is known to be whole. A JSON file that is cut short cannot
            be read; a text file can.
    """

    vocabulary: bytes
    rules: WordpieceRules
    is_whole: bool


def read(
    folder: Path, model_config: Mapping[str, Any], do_lower_case: bool | None
) -> FolderTokenizer:
    """Read the tokenizer of a folder.

    Args:
        folder: holds tokenizer.json or vocab.txt, and may hold other files of a tokenizer.
        model_config: the content of config.json.
        do_lower_case: overrides the folder's.

    Raises:
        ValueError: a file is damaged, two files disagree, the casing is not known, or the tokenizer
            is not BERT's.
        OSError: a file cannot be read.
    """
    path = folder / tokenizer_json.NAME
    parts = tokenizer_json.parse(read_json(path)) if path.is_file() else None
    settings = tokenizer_settings.read(folder, model_config)
    settings.check(has_parts=parts is not None)
    listed: tuple[str, ...] | None = None
    content = b""
    if parts is None or (folder / _VOCABULARY).is_file():
        content = read_checkpoint_file(folder / _VOCABULARY)
        listed = read_tokens(content)
        check_distinct(listed)
    rules = _rules(parts, settings, do_lower_case)
    wordpieces = _numbered(listed or ()) if parts is None else parts.wordpieces
    added = _added(folder, parts, settings, wordpieces)
    tokens = added_tokens.merge(wordpieces, added)
    if listed not in (None, tokens, tokens[: len(wordpieces)]):
        raise ValueError(f"{_VOCABULARY} and {path.name} disagree: {_difference(listed, tokens)}")
    return FolderTokenizer(
        vocabulary=content if listed == tokens else write_tokens(tokens),
        rules=added_tokens.with_added(rules, added, wordpieces),
        is_whole=parts is not None,
    )


def _numbered(tokens: tuple[str, ...]) -> dict[str, int]:
    return {token: id_ for id_, token in enumerate(tokens)}


def _difference(listed: tuple[str, ...], tokens: tuple[str, ...]) -> str:
    for id_, (first, second) in enumerate(zip(listed, tokens, strict=False)):
        if first != second:
            return f"the id {id_} is {first!r} in one and {second!r} in the other"
    return f"they have {len(listed)} and {len(tokens)} tokens"


def _added(
    folder: Path,
    parts: TokenizerParts | None,
    settings: TokenizerSettings,
    wordpieces: Mapping[str, int],
) -> list[AddedToken]:
    """Return the added tokens of all files, the flags of tokenizer.json first."""
    listed = [*(parts.added if parts else ()), *settings.added]
    listed += _of_2019(folder, settings)
    added = list({(token.content, token.id): token for token in reversed(listed)}.values())
    known = {token.content: token.id for token in added}
    for content in settings.specials:
        if content not in known and content not in wordpieces:
            raise ValueError(f"the special token {content!r} has no id in the vocabulary")
        if content not in known:
            added.append(AddedToken(wordpieces[content], content, special=True))
    return added


def _of_2019(folder: Path, settings: TokenizerSettings) -> list[AddedToken]:
    """Return the tokens of added_tokens.json, which has ids only; transformers sets the flags."""
    path = folder / _ADDED_TOKENS
    if not path.is_file():
        return []
    specials = {*settings.specials, *SPECIAL_TOKENS}
    return [
        added_tokens.parse(
            {
                "content": content,
                "special": content in specials,
                "normalized": content not in specials,
            },
            f"{path.name}: {content!r}",
            id_,
        )
        for content, id_ in read_json(path).items()
    ]


def _rules(
    parts: TokenizerParts | None, settings: TokenizerSettings, do_lower_case: bool | None
) -> WordpieceRules:
    lowers, switches = do_lower_case, settings.switches
    if lowers is None:
        lowers = _agreed(
            "do_lower_case", parts.lowercase if parts else None, switches.get("do_lower_case")
        )
    if lowers is None:
        raise UnstatedError(
            "no file says whether the model is cased: give `do_lower_case` true or false",
            "do_lower_case",
        )
    # null stands for the casing.
    strips = {} if parts is None else {"parts": parts.strip_accents}
    if "strip_accents" in switches:
        strips["settings"] = switches["strip_accents"]
    strips = {name: lowers if value is None else value for name, value in strips.items()}
    strip_accents = _agreed("strip_accents", strips.get("parts"), strips.get("settings"))
    split_chinese = _agreed(
        "tokenize_chinese_chars",
        parts.split_chinese if parts else None,
        switches.get("tokenize_chinese_chars"),
    )
    return WordpieceRules(
        do_lower_case=lowers,
        strip_accents=lowers if strip_accents is None else strip_accents,
        split_chinese=split_chinese is not False,
        max_word_chars=parts.max_word_chars if parts else HUGGING_FACE_MAX_WORD_CHARS,
    )


def _agreed(setting: str, of_parts: bool | None, of_settings: bool | None) -> bool | None:
    """Return what either file says; None if none does."""
    if of_parts is None or of_settings is None or of_parts == of_settings:
        return of_settings if of_parts is None else of_parts
    raise ValueError(
        f"{tokenizer_json.NAME} and {tokenizer_settings.CONFIG} disagree on {setting}: "
        f"{of_parts} and {of_settings}; correct one of them"
    )
