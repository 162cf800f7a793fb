"""The tokenizer of a Hugging Face folder: what is read, what is refused."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import AddedToken, Tokenizer

from tests.transforms.checkpoints.checkpoint_files import (
    added_token,
    configuration,
    tokenizer_json,
    write_hugging_face,
    write_transformers_5,
)
from transforms.bert.vocabulary import read_tokens
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.checkpoints.checkpoint_folders import read_checkpoint

RULES = WordpieceRules(do_lower_case=True, strip_accents=True, max_word_chars=100)


@pytest.fixture
def folder(tmp_path: Path, tiny_checkpoint: Checkpoint) -> Path:
    """A folder as transformers 5 saves it."""
    return write_transformers_5(tmp_path, tiny_checkpoint)


@pytest.fixture
def tokenizer(tiny_checkpoint: Checkpoint) -> dict[str, Any]:
    return tokenizer_json(tiny_checkpoint)


def put(folder: Path, content: object, name: str = "tokenizer.json") -> None:
    (folder / name).write_text(json.dumps(content))


def settings(folder: Path, **changes: object) -> None:
    put(folder, {"do_lower_case": True, **changes}, "tokenizer_config.json")


def grow(folder: Path, checkpoint: Checkpoint, rows: int) -> None:
    """Give the table more rows, for added tokens."""
    arrays = load_file(folder / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    arrays[name] = np.concatenate([arrays[name], np.ones([rows, 16], np.float32)])
    save_file(arrays, folder / "model.safetensors")
    put(folder, configuration(checkpoint, vocab_size=24 + rows), "config.json")


def test_tokenizer_json_alone_has_vocabulary_and_rules(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    read = read_checkpoint(folder)
    assert (read.vocabulary, read.rules) == (tiny_checkpoint.vocabulary, RULES)
    (folder / "tokenizer_config.json").unlink()
    assert read_checkpoint(folder).rules == RULES


def test_a_file_of_the_tokenizers_library_is_read(
    folder: Path, tokenizer: dict[str, Any], tiny_checkpoint: Checkpoint
) -> None:
    grow(folder, tiny_checkpoint, 3)
    written = Tokenizer.from_str(json.dumps(tokenizer))
    written.add_tokens(["Covid", AddedToken("[Z9]", normalized=False)])
    written.add_special_tokens(["<e1>"])
    written.save(str(folder / "tokenizer.json"))
    read = read_checkpoint(folder)
    assert read_tokens(read.vocabulary)[24:] == ("Covid", "[Z9]", "<e1>")
    assert read.rules == dataclasses.replace(
        RULES, added_tokens=("[Z9]", "<e1>"), normalized_tokens=("Covid",)
    )


def test_vocab_txt_alone_has_the_limit_of_hugging_face(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    write_hugging_face(tmp_path, tiny_checkpoint)
    assert read_checkpoint(tmp_path).rules == RULES


@pytest.mark.parametrize(
    ("normalizer", "expected"),
    [
        ({"lowercase": False}, WordpieceRules(False, False, max_word_chars=100)),
        (
            {"lowercase": False, "strip_accents": True},
            WordpieceRules(False, True, max_word_chars=100),
        ),
        ({"strip_accents": False}, WordpieceRules(True, False, max_word_chars=100)),
        ({"handle_chinese_chars": False}, WordpieceRules(True, True, False, 100)),
    ],
)
def test_rules_come_from_either_file(
    normalizer: dict[str, bool],
    expected: WordpieceRules,
    folder: Path,
    tokenizer: dict[str, Any],
    tiny_checkpoint: Checkpoint,
) -> None:
    tokenizer["normalizer"] |= normalizer
    put(folder, tokenizer)
    (folder / "tokenizer_config.json").unlink()
    assert read_checkpoint(folder).rules == expected
    # The same, from tokenizer_config.json and vocab.txt.
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_bytes(tiny_checkpoint.vocabulary)
    names = {"lowercase": "do_lower_case", "handle_chinese_chars": "tokenize_chinese_chars"}
    settings(folder, **{names.get(name, name): value for name, value in normalizer.items()})
    assert read_checkpoint(folder).rules == expected


def test_the_limit_of_word_lengths_is_read(folder: Path, tokenizer: dict[str, Any]) -> None:
    tokenizer["model"]["max_input_chars_per_word"] = 150
    put(folder, tokenizer)
    assert read_checkpoint(folder).rules.max_word_chars == 150


def test_the_casing_is_asked_for_and_may_be_given(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    folder = write_hugging_face(tmp_path, tiny_checkpoint)
    put(folder, {"model_max_length": 512}, "tokenizer_config.json")
    with pytest.raises(ValueError, match=r"no file says .* give `do_lower_case` true or false"):
        read_checkpoint(folder)
    for given in (True, False):
        assert read_checkpoint(folder, do_lower_case=given).rules == WordpieceRules(
            given, given, max_word_chars=100
        )
    settings(folder, strip_accents=True)
    rules = read_checkpoint(folder, do_lower_case=False).rules
    assert (rules.do_lower_case, rules.strip_accents) == (False, True)


def test_a_given_casing_settles_a_disagreement(folder: Path) -> None:
    settings(folder, do_lower_case=False)
    with pytest.raises(ValueError, match=r"disagree on do_lower_case: True and False; .*"):
        read_checkpoint(folder)
    assert read_checkpoint(folder, do_lower_case=False).rules.do_lower_case is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strip_accents": False}, "disagree on strip_accents: True and False"),
        ({"tokenize_chinese_chars": False}, "disagree on tokenize_chinese_chars: True and False"),
        ({"do_lower_case": "false"}, "has do_lower_case 'false'; it is true or false"),
        (
            {"tokenizer_class": "BertJapaneseTokenizer"},
            "tokenizer_class is 'BertJapaneseTokenizer'; only BertTokenizer is supported",
        ),
        ({"tokenizer_class": ["BertTokenizer"]}, r"tokenizer_class is \['BertTokenizer'\]; only"),
        ({"auto_map": {"AutoTokenizer": ["mine.Mine", None]}}, "names code of its own"),
        ({"cls_token": "<s>"}, "tokenizer_config.json has cls_token '<s>'; only .CLS. is"),
        ({"unk_token": {"content": "<unk>"}}, "has unk_token '<unk>'; only .UNK. is"),
        ({"sep_token": 3}, "tokenizer_config.json: sep_token has 3, not a token"),
        ({"never_split": 3}, "has never_split 3, not a list"),
        ({"additional_special_tokens": ["<e1>"]}, "special token '<e1>' has no id"),
        ({"added_tokens_decoder": {"x": {}}}, "has the id 'x' in added_tokens_decoder"),
        ({"added_tokens_decoder": {"24": []}}, "added_tokens_decoder 24 is not an object"),
        ({"added_tokens_decoder": []}, None),
    ],
)
def test_settings_are_refused_by_name(
    changes: dict[str, object], message: str | None, folder: Path
) -> None:
    settings(folder, **changes)
    if message is None:
        read_checkpoint(folder)
        return
    with pytest.raises(ValueError, match=message):
        read_checkpoint(folder)


def test_special_tokens_map_is_checked_too(folder: Path) -> None:
    put(folder, {"pad_token": {"content": "<pad>"}}, "special_tokens_map.json")
    with pytest.raises(ValueError, match=r"special_tokens_map.json has pad_token '<pad>'; only"):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["PreTrainedTokenizerFast", "TokenizersBackend"])
def test_a_class_of_any_parts_needs_the_parts(
    name: str, folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    settings(folder, tokenizer_class=name)
    read_checkpoint(folder)
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_bytes(tiny_checkpoint.vocabulary)
    with pytest.raises(ValueError, match=f"'{name}' without tokenizer.json"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"do_basic_tokenize": False}, "turns off do_basic_tokenize"),
        ({"never_split": ["[MASK]", "cat"]}, "has never_split 'cat'"),
    ],
)
def test_settings_of_the_slow_tokenizer_are_refused(
    changes: dict[str, object], message: str, tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    folder = write_hugging_face(tmp_path, tiny_checkpoint)
    settings(folder, **changes)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(folder)


def part(name: str, **changes: object) -> Callable[[dict[str, Any]], None]:
    return lambda tokenizer: tokenizer[name].update(changes)


def whole(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda tokenizer: tokenizer.update({name: value})


def no_pair_segments(tokenizer: dict[str, Any]) -> None:
    tokenizer["post_processor"]["pair"][3]["Sequence"]["type_id"] = 0


def other_cls_id(tokenizer: dict[str, Any]) -> None:
    tokenizer["post_processor"]["special_tokens"]["[CLS]"]["ids"] = [7]


def gap(tokenizer: dict[str, Any]) -> None:
    tokenizer["model"]["vocab"]["e"] = 24


def same_id(tokenizer: dict[str, Any]) -> None:
    tokenizer["model"]["vocab"]["e"] = 22


def two_ids(tokenizer: dict[str, Any]) -> None:
    tokenizer["added_tokens"].append(added_token(24, "cat"))


LOWERCASE = {"type": "Lowercase"}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (part("model", type="BPE"), "has model 'BPE'; only WordPiece is supported"),
        (whole("model", None), "has model nothing; only WordPiece"),
        (part("model", unk_token="<unk>"), "has model.unk_token '<unk>'; only '.UNK.' is"),  # noqa: S106
        (part("model", continuing_subword_prefix="@@"), "model.continuing_subword_prefix '@@'"),
        (part("model", max_input_chars_per_word=0), "max_input_chars_per_word 0; it is from 1"),
        (part("model", max_input_chars_per_word=2**40), "max_input_chars_per_word 1099511627776"),
        (part("model", vocab=[]), "has model.vocab .., not an object"),
        (part("model", vocab={"[UNK]": True}), "has ids in model.vocab that are not integers"),
        (part("normalizer", type="BertNormalizer2"), "has normalizer 'BertNormalizer2'; only Bert"),
        (whole("normalizer", None), "has normalizer nothing; only BertNormalizer"),
        (whole("normalizer", "Bert"), "has normalizer 'Bert', not an object"),
        (part("normalizer", clean_text=False), "has normalizer.clean_text False; only True"),
        (part("normalizer", lowercase=None), "has normalizer.lowercase None; it is true or"),
        (part("normalizer", strip_accents=1), "has normalizer.strip_accents 1; it is true or"),
        (
            whole("normalizer", {"type": "Sequence", "normalizers": [LOWERCASE, LOWERCASE]}),
            "has normalizer 'Lowercase' and 'Lowercase'; only BertNormalizer",
        ),
        (whole("pre_tokenizer", {"type": "ByteLevel"}), "has pre_tokenizer 'ByteLevel'; only"),
        (whole("post_processor", None), "has post_processor nothing; only Temp"),
        (whole("post_processor", {"type": "RobertaProcessing"}), "'RobertaProcessing'; only Temp"),
        (no_pair_segments, "has another post_processor.pair than"),
        (part("post_processor", single=[]), "has another post_processor.single than"),
        (other_cls_id, r"post_processor.special_tokens .CLS. \[7\]; the vocabulary has 2"),
        (
            whole("post_processor", {"type": "BertProcessing", "cls": ["[CLS]", 7]}),
            r"has post_processor.cls \['\[CLS\]', 7\]; only \['\[CLS\]', 2\]",
        ),
        (whole("added_tokens", {"a": 1}), "has added_tokens {'a': 1}, not a list"),
        (whole("added_tokens", [{"id": "24"}]), r"added_tokens\[0\] has no id or no content"),
        (
            whole("added_tokens", [added_token(24, "x", special=3)]),  # type: ignore[arg-type]
            r"added_tokens\[0\] has a flag",
        ),
        (gap, "no token has the id 23; ids are 0 to 23"),
        (same_id, "the tokens 'é' and 'e' have the same id 22"),
        (two_ids, "the token 'cat' has the ids 6 and 24"),
    ],
)
def test_another_tokenizer_is_refused_by_name(
    spoil: Callable[[dict[str, Any]], None],
    message: str,
    folder: Path,
    tokenizer: dict[str, Any],
) -> None:
    spoil(tokenizer)
    put(folder, tokenizer)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(folder)


def test_a_sequence_of_one_part_is_that_part(folder: Path, tokenizer: dict[str, Any]) -> None:
    names = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}
    for name, inner in {**names, "post_processor": "processors"}.items():
        tokenizer[name] = {"type": "Sequence", inner: [tokenizer[name]]}
    put(folder, tokenizer)
    assert read_checkpoint(folder).rules == RULES


def test_bert_processing_and_an_early_model_are_known(
    folder: Path, tokenizer: dict[str, Any]
) -> None:
    processor = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    tokenizer["post_processor"] = processor
    del tokenizer["model"]["type"]
    put(folder, tokenizer)
    assert read_checkpoint(folder).rules == RULES


def test_vocab_txt_and_tokenizer_json_must_agree(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    vocabulary = folder / "vocab.txt"
    # The bytes of the file stay as they are: its sha256 is part of every part's key.
    vocabulary.write_bytes(tiny_checkpoint.vocabulary.removesuffix(b"\n"))
    assert read_checkpoint(folder).vocabulary == tiny_checkpoint.vocabulary.removesuffix(b"\n")
    vocabulary.write_bytes(tiny_checkpoint.vocabulary.replace(b"mat", b"rug"))
    with pytest.raises(ValueError, match="disagree: the id 9 is 'rug' in one and 'mat' in the oth"):
        read_checkpoint(folder)
    vocabulary.write_bytes(tiny_checkpoint.vocabulary + b"more\n")
    with pytest.raises(ValueError, match="disagree: they have 25 and 24 tokens"):
        read_checkpoint(folder)


def test_added_tokens_become_part_of_the_vocabulary(
    folder: Path, tokenizer: dict[str, Any], tiny_checkpoint: Checkpoint
) -> None:
    grow(folder, tiny_checkpoint, 2)
    tokenizer["added_tokens"] += [
        added_token(25, "<e1>", special=True),
        added_token(24, "[Z9]", normalized=True),
    ]
    put(folder, tokenizer)
    for listed in (None, tiny_checkpoint.vocabulary, tiny_checkpoint.vocabulary + b"[Z9]\n<e1>\n"):
        if listed is not None:
            (folder / "vocab.txt").write_bytes(listed)
        read = read_checkpoint(folder)
        assert read_tokens(read.vocabulary)[24:] == ("[Z9]", "<e1>")
        assert read.rules.added_tokens == ("<e1>",)
        assert read.rules.normalized_tokens == ("[Z9]",)
        assert read.shape.vocab_size == 26


def test_added_tokens_of_old_files_are_read(tmp_path: Path, tiny_checkpoint: Checkpoint) -> None:
    folder = write_hugging_face(tmp_path, tiny_checkpoint)
    grow(folder, tiny_checkpoint, 2)
    settings(
        folder,
        do_lower_case=False,
        additional_special_tokens=["[E]"],
        added_tokens_decoder={"24": added_token(24, "[E]", special=True)},
    )
    put(folder, {"covid": 25}, "added_tokens.json")
    read = read_checkpoint(folder)
    assert read_tokens(read.vocabulary)[24:] == ("[E]", "covid")
    assert (read.rules.added_tokens, read.rules.normalized_tokens) == (("[E]",), ("covid",))
    (folder / "added_tokens.json").write_text('{"covid": "25"}')
    with pytest.raises(ValueError, match=r"added_tokens.json: 'covid' has no id or no content"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        ("Covid", {"single_word": True}, "the added token 'Covid' has single_word, which is not"),
        ("a\nb", {}, "has a line break, which no vocab.txt can hold"),
    ],
)
def test_added_tokens_that_cannot_be_matched_are_refused(
    content: str,
    flags: dict[str, bool],
    message: str,
    folder: Path,
    tokenizer: dict[str, Any],
    tiny_checkpoint: Checkpoint,
) -> None:
    grow(folder, tiny_checkpoint, 1)
    tokenizer["added_tokens"].append(added_token(24, content, **flags))
    put(folder, tokenizer)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(folder)


def test_an_added_token_may_be_a_wordpiece_but_the_last_one(
    folder: Path, tokenizer: dict[str, Any]
) -> None:
    tokenizer["added_tokens"].append(added_token(6, "cat"))
    put(folder, tokenizer)
    assert read_checkpoint(folder).rules.added_tokens == ("cat",)
    tokenizer["added_tokens"].append(added_token(23, "e"))
    put(folder, tokenizer)
    with pytest.raises(ValueError, match="the added token 'e' is the last wordpiece too"):
        read_checkpoint(folder)


def test_an_added_token_without_a_row_of_the_table_is_refused(
    folder: Path, tokenizer: dict[str, Any]
) -> None:
    tokenizer["added_tokens"].append(added_token(24, "<e1>", special=True))
    put(folder, tokenizer)
    with pytest.raises(ValueError, match="has 25 wordpieces, the weights have 24"):
        read_checkpoint(folder)
