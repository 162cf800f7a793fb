from pathlib import Path

import pytest

from tests.pipeline.updates.growing import GrowingCorpus, text_of


@pytest.fixture
def growing(tmp_path: Path, tiny_path: Path) -> GrowingCorpus:
    """A finished job over three files."""
    made = GrowingCorpus(tmp_path, tiny_path)
    for number, name in enumerate(("a.txt", "b.txt", "c.txt")):
        made.write(name, text_of(20 * number))
    made.embed()
    return made
