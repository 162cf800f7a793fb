"""A cache that the tests of searches share: writing the model of queries takes seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from beam_bert import Searcher


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def opened(finished: Path, shared_cache: Path) -> Iterator[Searcher]:
    """A searcher of the small corpus; while it is open, others need no export."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEAM_BERT_CACHE", str(shared_cache))
        yield Searcher(finished)
