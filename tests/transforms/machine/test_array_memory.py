"""Memory is lent again only after everything that looks into it has been deleted."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from transforms.machine import array_memory

SIZE = 3 << 20


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    array_memory._kept.clear()
    yield
    array_memory._kept.clear()


@pytest.mark.parametrize(
    "look",
    [
        lambda array: array[5:],
        lambda array: array.view(np.float32).reshape(-1, 2)[1:][:, 0],
        lambda array: np.ndarray((5, 2), np.float32, array),
        lambda array: np.ndarray((5, 2), np.float32, array)[1:],
        lambda array: memoryview(array)[5:7],
        lambda array: pa.py_buffer(array).slice(1),
        lambda array: pa.array(array).slice(3).to_numpy(),
    ],
)
def test_memory_is_lent_again_after_all_views_are_deleted(look: Callable[[Any], Any]) -> None:
    array = array_memory.allocate(SIZE)
    address = array.ctypes.data
    seen = look(array)
    del array
    other = array_memory.allocate(SIZE)
    assert other.ctypes.data != address
    del seen
    assert array_memory.allocate(SIZE - 5).ctypes.data == address


@pytest.mark.parametrize("size", [1, 1000, SIZE])
def test_arrays_are_aligned_and_may_be_written_to(size: int) -> None:
    array = array_memory.allocate(size)
    assert array.shape == (size,)
    assert array.ctypes.data % 64 == 0
    array[:] = 1


def test_memory_of_another_size_and_in_excess_is_not_kept_for_an_array(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del (array := [array_memory.allocate(SIZE)])[:]
    (memory,) = array_memory._kept
    small, large = array_memory.allocate(SIZE // 3), array_memory.allocate(2 * SIZE)
    assert [one is memory for one in array_memory._kept] == [True]
    monkeypatch.setattr(array_memory, "_MOST_KEPT_BYTES", 3 * SIZE)
    del small, large, array
    assert sum(one.nbytes for one in array_memory._kept) <= 3 * SIZE
    assert not any(one is memory for one in array_memory._kept)


@pytest.mark.parametrize("shape", [(0, 5), (3, 2), (1 << 10, 1 << 9)])
@pytest.mark.parametrize("all_at_once", [True, False])
def test_an_array_to_fill_may_be_written_to_and_belongs_to_nobody_else(
    shape: tuple[int, int], all_at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not all_at_once:
        monkeypatch.setattr(array_memory, "_ALL_AT_ONCE", None)
    first, second = (array_memory.fill_at_once(shape, np.dtype(np.float32)) for _ in range(2))
    first[:], second[:] = 1, 2
    assert first.shape == shape
    assert (first == 1).all()
    assert not array_memory._kept


def test_more_memory_than_there_is_is_a_memory_error() -> None:
    with pytest.raises(MemoryError):
        array_memory.fill_at_once((1 << 58,), np.dtype(np.float32))
