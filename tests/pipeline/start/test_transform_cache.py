"""A transform is learned once on a machine for the same sample, and gives the same files."""

from pathlib import Path

import pytest

from pipeline import graphs
from tests.pipeline import corpus
from transforms.caching import start_cache


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(start_cache.VARIABLE, str(tmp_path / "start"))
    return tmp_path / "start"


def transforms_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.startswith("transform-")}


@pytest.mark.slow
def test_the_second_job_learns_nothing_and_writes_the_same_files(
    globs: list[str], tiny_path: Path, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    corpus.embed(globs, first, tiny_path)
    (name,) = transforms_in(kept)
    with monkeypatch.context() as patch:
        patch.setattr(graphs, "build_analyze", lambda *_: pytest.fail("it is learned"))
        corpus.embed(globs, second, tiny_path)
    assert corpus.data_files(second) == corpus.data_files(first)
    saved = "transform_fn/saved_model.pb"
    assert (second / saved).read_bytes() == (first / saved).read_bytes()
    (kept / name).write_bytes((kept / name).read_bytes()[:-1])
    corpus.embed(globs, third, tiny_path)
    assert corpus.data_files(third) == corpus.data_files(first)
