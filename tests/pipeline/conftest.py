from pathlib import Path

import pytest

from tests.pipeline import corpus


@pytest.fixture(scope="session")
def globs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The small corpus; it must stay as it is."""
    return corpus.write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def finished(globs: list[str], tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job over it that nothing happened to; it must stay as it is."""
    output = tmp_path_factory.mktemp("job") / "out"
    summary = corpus.embed(globs, output, tiny_path)
    assert not summary.nothing_left
    return output
