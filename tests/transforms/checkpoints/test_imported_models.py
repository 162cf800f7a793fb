import shutil
import tarfile
from pathlib import Path

import pytest

from tests.transforms.checkpoints.checkpoint_files import write_google, write_hugging_face
from transforms.bert import model_files
from transforms.caching import model_cache
from transforms.checkpoints import checkpoint_folders, imported_models, importing, minilm
from transforms.checkpoints.checkpoint import Checkpoint, UnstatedError


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path, tiny_checkpoint: Checkpoint) -> Path:
    """A Hugging Face folder."""
    folder = write_hugging_face(tmp_path / "my-bert", tiny_checkpoint)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    return folder


def test_the_default_model_is_imported_once(minilm_path: Path) -> None:
    assert imported_models.find("minilm").is_ready
    assert imported_models.resolve("minilm") == minilm_path
    assert minilm_path.parent == model_cache.cache_folder()


def test_the_default_model_is_not_ready_before_its_import(cache: Path) -> None:
    found = imported_models.find("minilm")
    assert not found.is_ready
    assert found.folder.parent == cache
    assert found.source == minilm.weights_folder()


def test_a_module_is_used_in_place(tiny_path: Path) -> None:
    assert imported_models.find(str(tiny_path)).is_ready
    assert imported_models.resolve(str(tiny_path)) == tiny_path


@pytest.mark.slow
def test_a_checkpoint_is_imported_once(
    folder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.write_module(checkpoint_folders.read_checkpoint(folder), tmp_path / "module")
    assert not imported_models.find(str(folder)).is_ready
    module = imported_models.resolve(str(folder))
    assert module.parent == cache
    assert model_files.fingerprint(module) == model_files.fingerprint(tmp_path / "module")
    # Whatever an import does not read may change, and the folder may move.
    (folder / "README.md").write_text("new")
    (folder / "config.json").touch()
    folder = folder.rename(folder.with_name("elsewhere"))
    monkeypatch.setattr(checkpoint_folders, "read_checkpoint", None)
    assert imported_models.find(str(folder)).is_ready
    assert imported_models.resolve(str(folder)) == module


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    "name", ["config.json", "vocab.txt", "model.safetensors", "1_Pooling/a.json"]
)
def test_a_changed_checkpoint_is_another_one(folder: Path, name: str) -> None:
    (folder / "modules.json").write_text('[{"path": ""}, {"path": "1_Pooling"}, {"path": "../x"}]')
    before = imported_models.find(str(folder)).folder
    (folder / name).parent.mkdir(exist_ok=True)
    with open(folder / name, "ab") as file:
        file.write(b" ")
    assert imported_models.find(str(folder)).folder != before


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_a_checkpoint_that_changes_before_it_is_read_is_not_imported(folder: Path) -> None:
    found = imported_models.find(str(folder))
    words = (folder / "vocab.txt").read_text().splitlines()
    (folder / "vocab.txt").write_text("\n".join([*words[:-2], words[-1], words[-2]]))
    with pytest.raises(ValueError, match=f"^`model` {folder}: its files changed while"):
        found.make()
    assert not found.is_ready
    assert imported_models.resolve(str(folder)).is_dir()


@pytest.mark.usefixtures("cache")
def test_a_google_checkpoint_is_found_by_its_folder_and_its_prefix(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    folder = write_google(tmp_path / "uncased", tiny_checkpoint)
    found = imported_models.find(str(folder))
    for ending in ("", ".index"):
        prefix = f"{folder / 'bert_model.ckpt'}{ending}"
        assert imported_models.find(prefix).folder == found.folder
    # The name has the casing.
    shutil.copytree(folder, tmp_path / "cased")
    assert imported_models.find(str(tmp_path / "cased")).folder != found.folder
    (folder / "model.ckpt-1.index").write_bytes((folder / "bert_model.ckpt.index").read_bytes())
    (folder / "checkpoint").unlink()
    with pytest.raises(ValueError, match=r"^`model` .*uncased: which checkpoint\? it has several"):
        imported_models.find(str(folder))


def test_an_archive_of_a_checkpoint_is_imported(folder: Path, cache: Path) -> None:
    archive = folder.with_name("my-bert.tar.gz")
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder, "my-bert")
    found = imported_models.find(str(archive))
    assert found.folder == imported_models.find(str(folder)).folder
    assert found.source is not None
    assert found.source.is_relative_to(cache)


def test_a_setting_that_is_asked_for_is_given_to_the_import(
    tmp_path: Path, cache: Path, tiny_checkpoint: Checkpoint
) -> None:
    folder = write_google(tmp_path / "mine", tiny_checkpoint)
    with pytest.raises(
        UnstatedError, match=r"^`model` .*/mine: .*give `do_lower_case` true or false to import-mod"
    ):
        imported_models.resolve(str(folder))
    assert not cache.exists()


def test_a_folder_of_no_model_is_refused_with_what_each_kind_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not the folder of a model: a TF Hub module has saved"):
        imported_models.find(str(tmp_path))


def test_a_cache_that_cannot_be_written_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(
        ValueError, match=r"to the cache .*/file/cache.: set BEAM_BERT_CACHE to a f"
    ):
        imported_models.resolve(str(folder))


def test_two_processes_may_import_at_once(
    folder: Path, cache: Path, tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second(_: Checkpoint, destination: Path) -> None:
        shutil.copytree(tiny_path, destination)
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr(importing, "write_module", second)
    assert imported_models.resolve(str(folder)).parent == cache

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "write_module", fails)
    monkeypatch.setenv("BEAM_BERT_CACHE", str(cache / "other"))
    with pytest.raises(OSError, match="No space left"):
        imported_models.resolve(str(folder))
