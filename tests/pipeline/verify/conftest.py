"""Fixtures: a finished job, and a copy of it to damage."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline import corpus
from tests.pipeline.verify import damaging


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The source files of `whole`."""
    return corpus.write_corpus(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="session")
def whole(sources: list[str], tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The read-only output folder of a finished job with three features."""
    output = tmp_path_factory.mktemp("whole") / "out"
    corpus.embed(sources, output, tiny_path, **damaging.SETTINGS)
    return output


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A copy of `whole` that a test may change."""
    return Path(shutil.copytree(whole, tmp_path / "out"))
