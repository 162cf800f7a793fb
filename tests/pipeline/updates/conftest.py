from pathlib import Path

import pytest

from tests.pipeline.updates.growing import GrowingCorpus, begin


@pytest.fixture
def growing(tmp_path: Path, tiny_path: Path) -> GrowingCorpus:
    """A finished job over three files."""
    return begin(tmp_path, tiny_path)
