"""Kill a call at a step of its main thread."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from transforms.io import storage

WRITES = ("duplicate", "write_text", "atomic_write", "rename", "delete")


class KilledError(BaseException):
    """Ends a call as a signal would: nothing catches it."""


@contextlib.contextmanager
def killed_at(count: int) -> Iterator[list[str]]:
    """Kill the call before or after the n-th step of a write by the main thread.

    Yields:
        the steps that were taken.
    """
    steps: list[str] = []

    def step(name: str) -> None:
        if threading.current_thread() is threading.main_thread():
            steps.append(name)
            if len(steps) == count:
                raise KilledError

    def around(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            step(f"before {name}")
            result = original(*arguments, **named)
            step(f"after {name}")
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in WRITES:
            patch.setattr(storage, name, around(name, getattr(storage, name)))
        yield steps
