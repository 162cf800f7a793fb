from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.console import json_lines
from tests.pipeline import corpus


@pytest.fixture(autouse=True)
def _text_again() -> Iterator[None]:
    """Restore the standard error after a command that ended with an exception of a test."""
    yield
    json_lines.stop()


@pytest.fixture(scope="session")
def globs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The small corpus; it must not be changed."""
    return corpus.write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def finished(globs: list[str], tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of an undisturbed job over it; it must not be changed."""
    output = tmp_path_factory.mktemp("job") / "out"
    summary = corpus.embed(globs, output, tiny_path)
    assert not summary.nothing_left
    return output
