"""Fixtures: a finished job, and a copy of it to spoil."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline import corpus
from tests.pipeline.verify import spoiling


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The files of the corpus that `whole` embeds."""
    return corpus.write_corpus(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="session")
def whole(sources: list[str], tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished job, of all features but two, that nobody may change."""
    output = tmp_path_factory.mktemp("whole") / "out"
    corpus.embed(sources, output, tiny_path, **spoiling.SETTINGS)
    return output


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "out"))
