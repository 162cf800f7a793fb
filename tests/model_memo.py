"""Trace the encoder of the same small weights once, and check the operations of a graph once.

Tracing takes as long as a small job, and each job and each `verify` with a sample does it. Tests of
the check itself call it by its own name, and are not concerned.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from pipeline import graphs
from transforms.bert import module, tensorflow_engine
from transforms.bert.engines import EngineSpec

_LARGEST_HIDDEN_SIZE = 64


class _Encoders:
    """Traced encoders, by all that determines their graphs and variables."""

    def __init__(self, build: Callable[[EngineSpec], Any]) -> None:
        self._build = build
        self._known: dict[tuple, Any] = {}

    def get(self, spec: EngineSpec) -> Any:
        """Build a function as the engine does, unless it is known."""
        if spec.xla_buckets or spec.shape.hidden_size > _LARGEST_HIDDEN_SIZE:
            return self._build(spec)
        weights = hashlib.sha256()
        for name, array in spec.weights.variables.items():
            weights.update(f"{name} {array.shape} {array.dtype}\0".encode())
            weights.update(np.ascontiguousarray(array))
        # A test replaces the function of the types.
        types = tensorflow_engine._variable_type
        settings = repr((spec.weights.architecture, spec.shape, *spec[2:]))
        key = weights.digest(), settings, types
        if key not in self._known:
            self._known[key] = self._build(spec)
        return self._known[key]


class _Checks:
    """Graphs that have passed the check, by their content."""

    def __init__(self, check: Callable[[Any, object], None]) -> None:
        self._check = check
        self._passed: set[bytes] = set()

    def check(self, saved_model: Any, name: object) -> None:
        """Check a graph, unless the same one has passed."""
        content = hashlib.sha256(saved_model.SerializeToString(deterministic=True)).digest()
        if content not in self._passed:
            self._check(saved_model, name)
            self._passed.add(content)


@contextmanager
def remembered() -> Iterator[None]:
    """Remember encoders and checks while the block runs."""
    encoders = _Encoders(tensorflow_engine._build_function)
    checks = _Checks(module.check_operations)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensorflow_engine, "_build_function", encoders.get)
        for owner in (module, graphs):
            patch.setattr(owner, "check_operations", checks.check)
        yield
