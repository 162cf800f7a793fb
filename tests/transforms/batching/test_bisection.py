import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.batching.bisection import Outcome, run_or_bisect


@given(st.integers(1, 40), st.sets(st.integers(0, 39)), st.integers(1, 40))
def test_only_what_fails_alone_is_given_up(size: int, bad: set[int], room: int) -> None:
    done: list[int] = []

    def run(numbers: np.ndarray) -> None:
        assert len(numbers)
        if len(numbers) > room:
            raise MemoryError(f"no room for {len(numbers)}")
        failing = bad & set(numbers.tolist())
        if failing:
            raise ValueError(f"number {min(failing)}")
        done.extend(numbers.tolist())

    outcome = run_or_bisect(run, np.arange(size))
    errors = outcome.errors
    assert sorted(errors) == sorted(bad & set(range(size)))
    assert all(str(error) == f"number {number}" for number, error in errors.items())
    assert done == [number for number in range(size) if number not in bad]
    assert (outcome.bisections > 0) == (size > 1 and (size > room or bool(errors)))


def test_a_batch_that_comes_through_is_run_once() -> None:
    calls = []
    assert run_or_bisect(calls.append, np.arange(9)) == Outcome({})
    assert len(calls) == 1
