"""What a call writes beside its output is no corpus of the next call, and not in the output."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.inputs.entries import CACHE
from pipeline.inputs.job_folders import OwnFolders
from pipeline.options.embed_config import EmbedConfig
from pipeline.preflight.side_places import check_side_places
from tests.pipeline import corpus
from transforms.caching import start_cache
from transforms.io import local_status


@pytest.fixture
def config(tmp_path: Path) -> EmbedConfig:
    (tmp_path / "in").mkdir()
    globs = [str(tmp_path / "in"), str(tmp_path / "more/*.txt"), "-", "s3://bucket/*"]
    return corpus.config(globs, tmp_path / "out", tmp_path)


def settings(**flags: str) -> dict[str, Any]:
    return {"metrics_file": None, "timeline": None, "cache_dir": None} | flags


@pytest.mark.parametrize("flag", ["metrics_file", "timeline"])
@pytest.mark.parametrize(
    "name", ["in/a", "in/deep/a.json", "more/a.txt", "in/../in/a", "more/b/a.txt"]
)
def test_a_file_that_the_next_call_would_read_is_refused(
    flag: str, name: str, tmp_path: Path, config: EmbedConfig
) -> None:
    with pytest.raises(
        UsageError, match=f"--{flag} .* the next call would read it as part of --input"
    ):
        check_side_places(settings(**{flag: str(tmp_path / name)}), config)


@pytest.mark.parametrize("name", ["a.json", "input/a", "more/a.json", "in.json"])
def test_other_places_are_allowed(name: str, tmp_path: Path, config: EmbedConfig) -> None:
    check_side_places(settings(timeline=str(tmp_path / name)), config)


@pytest.mark.parametrize("place", ["", "s3://bucket/cache", "out", "out/cache"])
def test_a_cache_is_on_this_machine_and_outside_of_the_output(
    place: str, tmp_path: Path, config: EmbedConfig
) -> None:
    where = str(tmp_path / place) if place.startswith("out") else place
    with pytest.raises(UsageError, match=r"^--cache_dir "):
        check_side_places(settings(cache_dir=where), config)


@pytest.mark.parametrize("place", ["off", "cache", "outside"])
def test_a_cache_may_be_elsewhere(place: str, tmp_path: Path, config: EmbedConfig) -> None:
    check_side_places(
        settings(cache_dir=place if place == "off" else str(tmp_path / place)), config
    )


def test_a_cache_within_the_input_is_no_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(start_cache.VARIABLE, "cache")
    start_cache.store("a", b"content")
    assert start_cache.load("a") == b"content"
    status = local_status.status_of(str(tmp_path / "cache"))
    assert status is not None
    assert OwnFolders().identities()[(status.st_dev, status.st_ino)] == CACHE
