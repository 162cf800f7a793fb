import pytest

from tests.transforms.sources import fuzzing

KINDS = [
    pytest.param(kind, marks=[pytest.mark.slow] if kind == "parquet" else [])
    for kind in fuzzing.KINDS
]


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_break_no_promise(kind: str) -> None:
    assert "damaged" in [fuzzing.check(kind, seed) for seed in range(100)]
