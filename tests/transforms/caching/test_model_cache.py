"""The place of the cache, and errors of writing to it."""

import os
from pathlib import Path

import pytest

from tests.transforms.bert.packed_modules import archive
from transforms.bert import model_files
from transforms.caching import model_cache
from transforms.caching.model_cache import CacheError


def test_environment_variables_choose_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAM_BERT_CACHE", "/given")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    monkeypatch.setenv("HOME", "/home/me")
    assert model_cache.cache_folder() == Path("/given")
    monkeypatch.delenv("BEAM_BERT_CACHE")
    assert model_cache.cache_folder() == Path("/xdg/beam-bert")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert model_cache.cache_folder() == Path("/home/me/.cache/beam-bert")


def test_without_a_home_the_message_names_the_variable_that_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("BEAM_BERT_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    # Nobody has this number.
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    with pytest.raises(ValueError, match="set BEAM_BERT_CACHE to a folder that can be written"):
        model_cache.cache_folder()


@pytest.mark.parametrize(
    "name", ["/proc/x", "/proc/x/y", "{file}", "{file}/cache", "relative/cache"]
)
def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive(tmp_path / "m.tar.gz")
    (tmp_path / "relative").write_text("a file")
    monkeypatch.chdir(tmp_path)
    place = name.format(file=packed)
    monkeypatch.setenv("BEAM_BERT_CACHE", place)
    with pytest.raises(CacheError) as caught:
        model_files.fetch_module(str(packed))
    message = str(caught.value)
    assert message.startswith("nothing can be written to the cache (")
    assert message.endswith(f": {place}): set BEAM_BERT_CACHE to a folder that can be written")
    assert "\n" not in message


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied", "/elsewhere"),
        OSError(28, "No space left on device", "{cache}/x"),
        OSError("an error of a library"),
    ],
    ids=str,
)
def test_other_errors_pass(error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path))
    if error.filename:
        error.filename = error.filename.format(cache=tmp_path)
    with pytest.raises(type(error)) as caught, model_cache.cache_errors():
        raise error
    assert caught.value is error
