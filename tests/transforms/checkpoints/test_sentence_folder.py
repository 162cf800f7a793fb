import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.conftest import make_checkpoint
from tests.transforms.checkpoints import checkpoint_files
from tests.transforms.checkpoints.sentence_files import (
    HIDDEN,
    NORMALIZE,
    dense,
    write_sentence_model,
)
from transforms.bert.sentence_head import SentenceHead
from transforms.checkpoints.checkpoint_folders import read_checkpoint

MEAN = {"pooling_mode": "mean"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prompts = {"prompts": {"query": "query: ", "document": None}, "default_prompt_name": "query"}
    steps = [dense(HIDDEN, 8), NORMALIZE]
    return write_sentence_model(tmp_path / "model", MEAN, steps, prompts=prompts)


def change(path: Path, **settings: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_a_folder_tells_its_pooling_its_steps_and_its_prompts(folder: Path) -> None:
    head = read_checkpoint(folder).sentence
    assert isinstance(head, SentenceHead)
    settings = head.settings
    assert (settings.poolings, settings.max_seq_length) == (("mean",), 16)
    assert [(step.kind, step.width) for step in settings.steps] == [("dense", 8), ("normalize", 8)]
    assert (settings.prompts, settings.default_prompt) == (
        {"query": "query: ", "document": ""},
        "query",
    )
    assert head.weights["0.kernel"].shape == (HIDDEN, 8)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ({"pooling_mode": ["lasttoken", "cls"]}, ("lasttoken", "cls")),
        ({"pooling_mode_max_tokens": True, "pooling_mode_cls_token": True}, ("cls", "max")),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, ("mean_sqrt_len",)),
        ({}, ("mean",)),
    ],
)
def test_both_forms_of_pooling_modes_are_read(
    tmp_path: Path, pooling: dict[str, Any], expected: tuple[str, ...]
) -> None:
    head = read_checkpoint(write_sentence_model(tmp_path / "model", pooling)).sentence
    assert isinstance(head, SentenceHead)
    assert head.settings.poolings == expected


def test_the_limit_of_the_tokenizer_counts_without_another(folder: Path) -> None:
    change(folder / "tokenizer_config.json", model_max_length=12)
    (folder / "sentence_bert_config.json").unlink()
    head = read_checkpoint(folder).sentence
    assert isinstance(head, SentenceHead)
    assert head.settings.max_seq_length == 12


@pytest.mark.parametrize("limit", [None, 10**30, 1e30, 33])
def test_no_input_is_longer_than_the_table_of_positions(folder: Path, limit: float | None) -> None:
    change(folder / "tokenizer_config.json", model_max_length=limit)
    (folder / "sentence_bert_config.json").unlink()
    head = read_checkpoint(folder).sentence
    assert isinstance(head, SentenceHead)
    assert head.settings.max_seq_length == 32


def set_module(folder: Path, number: int, **settings: Any) -> None:
    path = folder / "modules.json"
    modules = json.loads(path.read_text())
    modules[number] |= settings
    path.write_text(json.dumps(modules))


def remove_dense_weights(folder: Path) -> None:
    (folder / "2_Dense/model.safetensors").unlink()
    (folder / "2_Dense/pytorch_model.bin").write_bytes(b"a pickle")


def cut_by_the_tokenizer(folder: Path) -> None:
    vocabulary = tuple((folder / "vocab.txt").read_text().splitlines())
    parts = checkpoint_files.tokenizer_json(make_checkpoint(vocabulary))
    parts["truncation"] = {"direction": "Left", "max_length": 8}
    (folder / "tokenizer.json").write_text(json.dumps(parts))


UNSERVED: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: set_module(f, 2, type="sentence_transformers.models.LSTM"), "the module 'LSTM'"),
    (lambda f: set_module(f, 2, type="custom.Head"), "'custom.Head', whose code is not run"),
    (lambda f: set_module(f, 0, type="sentence_transformers.models.BoW"), "begins with"),
    (lambda f: change(f / "1_Pooling/config.json", pooling_mode="attention"), "unknown pooling"),
    (lambda f: change(f / "2_Dense/config.json", activation_function="torch.nn.GELU"), "GELU"),
    (lambda f: change(f / "2_Dense/config.json", use_residual=True), "use_residual"),
    (
        lambda f: change(f / "2_Dense/config.json", module_input_name="token_embeddings"),
        "token_emb",
    ),
    (
        lambda f: change(f / "1_Pooling/config.json", pooling_mode="cls", include_prompt=False),
        "cls, and include_prompt false",
    ),
    (lambda f: change(f / "config_sentence_transformers.json", truncate_dim=4), "truncate_dim 4"),
    (lambda f: change(f / "tokenizer_config.json", truncation_side="left"), "truncation_side"),
    (cut_by_the_tokenizer, "tokenizer.json has the direction of truncation 'Left'"),
    (remove_dense_weights, "no 2_Dense/model.safetensors"),
    (lambda f: (f / "modules.json").unlink(), "no modules.json"),
]


@pytest.mark.parametrize(("damage", "why"), UNSERVED, ids=[why for _, why in UNSERVED])
def test_what_is_not_computed_leaves_the_model_without_sentence(
    folder: Path, damage: Callable[[Path], object], why: str
) -> None:
    damage(folder)
    reason = read_checkpoint(folder).sentence
    assert isinstance(reason, str)
    assert why in reason


def link_outside(folder: Path) -> None:
    os.symlink(folder.parent, folder / "out")
    set_module(folder, 1, path="out")


DAMAGED: list[tuple[Callable[[Path], object], str]] = [
    (
        lambda f: change(f / "config_sentence_transformers.json", truncate_dim="4"),
        "config_sentence_transformers.json has truncate_dim '4'",
    ),
    (lambda f: (f / "modules.json").write_text("{}"), "modules.json"),
    (lambda f: (f / "modules.json").write_text("[1]"), "modules.json"),
    (lambda f: set_module(f, 1, path="../elsewhere"), "modules.json"),
    (lambda f: set_module(f, 1, path="/etc"), "modules.json"),
    (link_outside, "modules.json"),
    (lambda f: (f / "1_Pooling/config.json").unlink(), "config.json"),
    (lambda f: change(f / "1_Pooling/config.json", word_embedding_dimension=8), "1_Pooling"),
    (lambda f: change(f / "1_Pooling/config.json", include_prompt=1), "1_Pooling/config.json"),
    (lambda f: change(f / "2_Dense/config.json", in_features=10**400), "2_Dense/config.json"),
    (lambda f: change(f / "2_Dense/config.json", out_features=9), "2_Dense/model.safetensors"),
    (lambda f: (f / "2_Dense/model.safetensors").write_bytes(b"x"), "2_Dense/model.safetensors"),
    (lambda f: change(f / "sentence_bert_config.json", max_seq_length="9"), "sentence_bert_config"),
    (
        lambda f: change(f / "config_sentence_transformers.json", default_prompt_name="x"),
        "config_sentence_transformers.json",
    ),
    (
        lambda f: change(f / "config_sentence_transformers.json", prompts={"a": 1}),
        "config_sentence_transformers.json",
    ),
]


@pytest.mark.parametrize(("damage", "file"), DAMAGED)
def test_a_damaged_file_is_refused_by_name(
    folder: Path, damage: Callable[[Path], object], file: str
) -> None:
    damage(folder)
    with pytest.raises(ValueError, match=file) as error:
        read_checkpoint(folder)
    assert str(error.value).startswith(str(folder))


def test_weights_that_are_not_finite_are_refused(folder: Path) -> None:
    arrays = {"linear.weight": np.full([8, HIDDEN], np.nan, np.float32), "linear.bias": np.zeros(8)}
    save_file(arrays, folder / "2_Dense/model.safetensors")
    with pytest.raises(ValueError, match=r"2_Dense/model.safetensors: linear.weight .* not finite"):
        read_checkpoint(folder)


def test_texts_are_lower_cased_if_sentence_transformers_does(folder: Path) -> None:
    change(folder / "tokenizer_config.json", do_lower_case=False)
    assert not read_checkpoint(folder).rules.do_lower_case
    change(folder / "sentence_bert_config.json", do_lower_case=True)
    rules = read_checkpoint(folder).rules
    assert (rules.do_lower_case, rules.strip_accents) == (True, False)
    assert not read_checkpoint(folder, do_lower_case=False).rules.do_lower_case


def test_added_tokens_with_capitals_are_not_looked_up_in_lower_cased_texts(folder: Path) -> None:
    vocabulary = folder / "vocab.txt"
    *tokens, _, _, _ = vocabulary.read_text().splitlines()
    vocabulary.write_text("\n".join([*tokens, "<URL>", "<url>", "last"]))
    flags = {"normalized": True}
    added = {
        str(len(tokens)): {"content": "<URL>", **flags},
        str(len(tokens) + 1): {"content": "<url>", **flags},
    }
    config = folder / "tokenizer_config.json"
    change(config, do_lower_case=False, added_tokens_decoder=added)
    assert read_checkpoint(folder).rules.normalized_tokens == ("<URL>", "<url>")
    change(folder / "sentence_bert_config.json", do_lower_case=True)
    assert read_checkpoint(folder).rules.normalized_tokens == ("<url>",)
    assert read_checkpoint(folder, do_lower_case=False).rules.normalized_tokens[0] == "<URL>"
