from collections.abc import Iterator

import pytest

from tests.transforms.bert import fuzzing


@pytest.fixture(scope="module")
def folders() -> Iterator[fuzzing.Folders]:
    with fuzzing.folders() as folders:
        yield folders


@pytest.mark.parametrize("kind", fuzzing.KINDS)
def test_a_mutated_checkpoint_is_read_or_refused(kind: str, folders: fuzzing.Folders) -> None:
    # Seed 0 would write a module, which takes seconds.
    assert "refused" in [folders.check(kind, seed) for seed in range(1, 73)]
