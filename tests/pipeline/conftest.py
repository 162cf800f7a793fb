from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.console import json_lines
from pipeline.runners import surroundings
from tests.pipeline import corpus

# Folders and modules of tests.
_IN_ONE_THREAD = {
    *("changes", "estimate", "inputs", "report", "reusing", "stores", "updates", "verify"),
    *("test_account", "test_composed_texts", "test_composed_windows", "test_each_file"),
    *("test_formats_in", "test_formats_out", "test_long_and_pairs", "test_model_folders"),
    *("test_module_outputs", "test_nested_fields", "test_repeats", "test_window_rows"),
}


@pytest.fixture(autouse=True)
def _text_again() -> Iterator[None]:
    """Restore the standard error after a command that ended with an exception of a test."""
    yield
    json_lines.stop()


@pytest.fixture(scope="module", autouse=True)
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compute jobs in one thread where tests prove nothing of threads.

    Beam prepares every stage for each thread, which is half of a small job.
    """
    with pytest.MonkeyPatch.context() as patch:
        if _IN_ONE_THREAD & {request.path.parent.name, request.path.stem}:
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
