from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.console import json_lines
from pipeline.runners import surroundings
from tests.pipeline import corpus


@pytest.fixture(autouse=True)
def _text_again() -> Iterator[None]:
    """Restore the standard error after a command that ended with an exception of a test."""
    yield
    json_lines.stop()


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Compute the jobs of a module in one thread, where a test proves nothing of threads.

    Beam prepares every stage for each thread, which is half of a small job.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surroundings, "MOST_THREADS", 1)
        yield


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
