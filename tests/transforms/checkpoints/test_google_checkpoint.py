import json
import re
import shutil
from pathlib import Path

import pytest

from tests.transforms.bert.fuzzing import write_table
from tests.transforms.checkpoints.checkpoint_files import (
    configuration,
    write_google,
    write_variables,
)
from transforms.checkpoints.checkpoint import Checkpoint, UnstatedError
from transforms.checkpoints.checkpoint_folders import read_checkpoint


@pytest.fixture(scope="module")
def written(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_google(tmp_path_factory.mktemp("google") / "my_uncased", tiny_checkpoint)


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A folder that a test may change; without the file `checkpoint`."""
    shutil.copytree(written, tmp_path / written.name)
    (tmp_path / written.name / "checkpoint").unlink()
    return tmp_path / written.name


def rename(folder: Path, name: str) -> None:
    for path in folder.glob("bert_model.ckpt*"):
        path.rename(folder / path.name.replace("bert_model.ckpt", name))


def copy(folder: Path, name: str) -> None:
    for path in folder.glob("bert_model.ckpt*"):
        shutil.copy(path, folder / path.name.replace("bert_model.ckpt", name))


def write_state(folder: Path, name: str) -> None:
    state = f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "bert_model.ckpt"\n'
    (folder / "checkpoint").write_text(state)


def refusal(path: Path) -> str:
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_read(path: Path, expected: Checkpoint) -> None:
    read = read_checkpoint(path)
    assert read.shape == expected.shape
    for name, array in expected.variables.items():
        assert (read.variables[name] == array).all(), name
    assert set(read.variables) == set(expected.variables)


def test_the_only_checkpoint_of_a_folder_is_read_under_any_name(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    rename(folder, "model.ckpt-343")
    write_state(folder, "model.ckpt-500")
    assert_read(folder, tiny_checkpoint)


@pytest.mark.parametrize("name", ["model.ckpt-7", "/home/someone/runs/model.ckpt-7"])
def test_the_last_of_several_checkpoints_is_read(
    folder: Path, name: str, tiny_checkpoint: Checkpoint
) -> None:
    copy(folder, "model.ckpt-7")
    (folder / "bert_model.ckpt.data-00000-of-00001").unlink()
    write_state(folder, name)
    assert_read(folder, tiny_checkpoint)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (None, "it has several"),
        (b"", "it has several"),
        (b"\xff\0model_checkpoint_path: 7", "it has several"),
        (b'model_checkpoint_path: "gone"', "its file checkpoint names gone, which is missing"),
        (b'model_checkpoint_path: "../x/.."', "its file checkpoint names .., which is missing"),
        (
            b'model_checkpoint_path: "a\x1bb"',
            r"its file checkpoint names a\u001bb, which is missing",
        ),
    ],
)
def test_one_of_several_checkpoints_is_asked_for(
    folder: Path, state: bytes | None, why: str, tiny_checkpoint: Checkpoint
) -> None:
    copy(folder, "model.ckpt-7")
    if state is not None:
        (folder / "checkpoint").write_bytes(state)
    prefix = folder / "model.ckpt-7"
    message = refusal(folder)
    assert f"which checkpoint? {why}: give the path of one (" in message
    assert str(prefix) in message
    (folder / "bert_model.ckpt.data-00000-of-00001").unlink()
    assert_read(prefix, tiny_checkpoint)
    assert_read(Path(f"{prefix}.index"), tiny_checkpoint)


def test_a_prefix_needs_a_configuration_beside_it(folder: Path) -> None:
    (folder / "bert_config.json").unlink()
    assert "has neither bert_config.json nor params.yaml" in refusal(folder / "bert_model.ckpt")
    assert "is not the folder of a model: " in refusal(folder)


def test_a_configuration_of_another_name_is_found(
    folder: Path, tiny_checkpoint: Checkpoint
) -> None:
    (folder / "bert_config.json").rename(folder / "my_bert_config.json")
    assert_read(folder, tiny_checkpoint)
    shutil.copy(folder / "my_bert_config.json", folder / "your_bert_config.json")
    assert "is not the folder of a model: " in refusal(folder)


def test_a_hugging_face_folder_may_have_googles_configuration(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    assert read_checkpoint(folder).shape.layers == 2
    for path in folder.glob("*.ckpt*"):
        path.unlink()
    assert "config.json" in refusal(folder)


@pytest.mark.parametrize("scope", ["model/", "a/b/"])
def test_a_scope_before_the_variables_is_removed(
    folder: Path, scope: str, tiny_checkpoint: Checkpoint
) -> None:
    write_variables(folder / "bert_model.ckpt", tiny_checkpoint, scope)
    assert_read(folder, tiny_checkpoint)


def test_several_scopes_are_refused(folder: Path) -> None:
    names = [b"a/bert/embeddings/word_embeddings", b"b/bert/embeddings/word_embeddings"]
    table = write_table([(b"", b"\x08\x01"), *((name, b"") for name in names)])
    (folder / "bert_model.ckpt.index").write_bytes(table)
    assert "it has several BERTs, in the scopes a/, b/" in refusal(folder)


def test_the_first_format_is_refused_with_the_remedy(folder: Path) -> None:
    for path in folder.glob("*.ckpt*"):
        path.unlink()
    (folder / "bert_model.ckpt").write_bytes(write_table([(b"", b"")]))
    for path in (folder, folder / "bert_model.ckpt"):
        assert "in TensorFlow's format V1, which has no .index: restore it with" in refusal(path)


@pytest.mark.parametrize(
    ("hidden_act", "activation"),
    [
        ("gelu", "gelu_tanh"),
        ("GELU", "gelu_tanh"),
        ("gelu_new", "gelu_tanh"),
        ("relu", "relu"),
        ("tanh", "tanh"),
        ("swish", "swish"),
    ],
)
def test_every_activation_of_the_encoder_is_known(
    folder: Path, hidden_act: str, activation: str, tiny_checkpoint: Checkpoint
) -> None:
    config = configuration(tiny_checkpoint, hidden_act=hidden_act)
    (folder / "bert_config.json").write_text(json.dumps(config))
    assert read_checkpoint(folder).architecture.activation == activation
    if hidden_act.lower() == "gelu":
        assert read_checkpoint(folder, gelu="erf").architecture.activation == "gelu_erf"
    else:
        with pytest.raises(ValueError, match=f"hidden_act {hidden_act!r}: leave out `gelu`"):
            read_checkpoint(folder, gelu="erf")


@pytest.mark.parametrize(
    ("name", "do_lower_case"),
    [
        ("chinese_L-12_H-768_A-12", True),
        ("multilingual_L-12_H-768_A-12", True),
        ("wwm_cased_L-24_H-1024_A-16", False),
    ],
)
def test_the_casing_of_a_published_checkpoint_is_known(
    folder: Path, name: str, do_lower_case: bool
) -> None:
    read = read_checkpoint(folder.rename(folder.with_name(name)))
    assert read.rules.do_lower_case is do_lower_case


def test_what_a_folder_does_not_state_has_a_name(folder: Path) -> None:
    with pytest.raises(UnstatedError, match="neither cased nor uncased") as caught:
        read_checkpoint(folder.rename(folder.with_name("mine")))
    assert caught.value.setting == "do_lower_case"
