"""Read tokenizer_config.json and special_tokens_map.json of a Hugging Face folder."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from transforms.bert.vocabulary import SPECIAL_TOKENS
from transforms.checkpoints import added_tokens
from transforms.checkpoints.added_tokens import AddedToken
from transforms.checkpoints.checkpoint import read_json_if_there

CONFIG = "tokenizer_config.json"
_SPECIAL_TOKENS_MAP = "special_tokens_map.json"

# ElectraTokenizer and DistilBertTokenizer are BertTokenizer under other names
# (transformers, models/electra and models/distilbert).
_BERT_CLASSES = {
    f"{model}Tokenizer{suffix}"
    for model in ("Bert", "Electra", "DistilBert")
    for suffix in ("", "Fast")
}
# They are whatever tokenizer.json is; the second is transformers 5's name of the first.
_CLASSES_OF_ANY_PARTS = {"PreTrainedTokenizerFast", "TokenizersBackend"}
_NAMES = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
_FURTHER_SPECIALS = ("mask_token", "additional_special_tokens", "extra_special_tokens")
# Of BertJapaneseTokenizer, whose class old versions of transformers did not write.
_JAPANESE = {"word_tokenizer_type": "basic", "subword_tokenizer_type": "wordpiece"}
_SWITCHES = ("do_lower_case", "strip_accents", "tokenize_chinese_chars", "do_basic_tokenize")


@dataclasses.dataclass(frozen=True)
class TokenizerSettings:
    """What both files say.

    Attributes:
        classes: the names of the tokenizer's class.
        switches: values of `do_lower_case`, `strip_accents`, `tokenize_chinese_chars` and
            `do_basic_tokenize`, if a file has them; None for null.
        never_split: words that are not split.
        specials: special tokens, without BERT's own.
        added: added tokens.
    """

    classes: tuple[Any, ...]
    switches: Mapping[str, bool | None]
    never_split: tuple[Any, ...]
    specials: tuple[str, ...]
    added: tuple[AddedToken, ...]

    def check(self, *, has_parts: bool) -> None:
        """Check that the tokenizer is BERT's.

        Args:
            has_parts: whether there is a tokenizer.json, whose parts are checked by themselves.

        Raises:
            ValueError: its class or a setting is of another tokenizer.
        """
        allowed = _BERT_CLASSES | (_CLASSES_OF_ANY_PARTS if has_parts else set())
        for name in self.classes:
            if not isinstance(name, str) or name not in allowed:
                needs = " without tokenizer.json" if name in [*_CLASSES_OF_ANY_PARTS] else ""
                raise ValueError(
                    f"tokenizer_class is {name!r}{needs}; only BertTokenizer is supported"
                )
        if not has_parts and self.switches.get("do_basic_tokenize") is False:
            raise ValueError(f"{CONFIG} turns off do_basic_tokenize, which BERT requires")
        kept = [token for token in self.never_split if token not in SPECIAL_TOKENS]
        if kept and not has_parts:
            raise ValueError(f"{CONFIG} has never_split {kept[0]!r}, which is not supported")


def read(folder: Path, model_config: Mapping[str, Any]) -> TokenizerSettings:
    """Read the settings of a folder; a missing file says nothing.

    Args:
        folder: the folder of the model.
        model_config: the content of config.json, which may name the tokenizer's class.

    Raises:
        ValueError: a file is damaged, or gives BERT's special tokens other names.
        OSError: a file cannot be read.
    """
    files = {name: read_json_if_there(folder / name) for name in (CONFIG, _SPECIAL_TOKENS_MAP)}
    config = files[CONFIG]
    for name, content in files.items():
        _check_names(content, name)
    for name, expected in _JAPANESE.items():
        if config.get(name, expected) not in (None, expected):
            raise ValueError(
                f"{CONFIG} has {name} {config[name]!r}; only {expected!r} is supported"
            )
    if "AutoTokenizer" in (config.get("auto_map") or {}):
        raise ValueError(f"{CONFIG} names code of its own (auto_map), which is not run")
    classes = (config.get("tokenizer_class"), model_config.get("tokenizer_class"))
    never_split = config.get("never_split") or []
    if not isinstance(never_split, list):
        raise ValueError(f"{CONFIG} has never_split {never_split!r}, not a list")
    specials = [token for name, content in files.items() for token in _specials(content, name)]
    return TokenizerSettings(
        classes=tuple(name for name in classes if name is not None),
        switches={name: _switch(config, name) for name in _SWITCHES if name in config},
        never_split=tuple(never_split),
        specials=tuple(dict.fromkeys(specials)),
        added=tuple(_added(config)),
    )


def _switch(config: Mapping[str, Any], name: str) -> bool | None:
    value = config[name]
    if not isinstance(value, bool) and (value is not None or name != "strip_accents"):
        raise ValueError(f"{CONFIG} has {name} {value!r}; it is true or false")
    return value


def _check_names(content: Mapping[str, Any], file: str) -> None:
    for setting, expected in _NAMES.items():
        for token in _texts(content.get(setting), f"{file}: {setting}"):
            if token != expected:
                raise ValueError(f"{file} has {setting} {token!r}; only {expected} is supported")


def _specials(content: Mapping[str, Any], file: str) -> Iterator[str]:
    for setting in _FURTHER_SPECIALS:
        for token in _texts(content.get(setting), f"{file}: {setting}"):
            if token not in SPECIAL_TOKENS:
                yield token


def _texts(value: Any, where: str) -> Iterator[str]:
    """Yield the tokens of a setting: a text, an object with its content, or several of these."""
    if isinstance(value, Mapping):
        value = value["content"] if "content" in value else list(value.values())
    for token in value if isinstance(value, list) else [value]:
        text = token.get("content") if isinstance(token, Mapping) else token
        if isinstance(text, str):
            yield text
        elif text is not None or token is not None:
            raise ValueError(f"{where} has {token!r}, not a token")


def _added(config: Mapping[str, Any]) -> Iterator[AddedToken]:
    listed = config.get("added_tokens_decoder") or {}
    if not isinstance(listed, Mapping):
        raise ValueError(f"{CONFIG} has added_tokens_decoder {listed!r}, not an object")
    for id_, value in listed.items():
        if not id_.isdecimal() or len(id_) > len(str(2**31)):
            raise ValueError(f"{CONFIG} has the id {id_!r} in added_tokens_decoder")
        yield added_tokens.parse(value, f"{CONFIG}: added_tokens_decoder {id_}", int(id_))
