"""Poolings: from token vectors to a window's vector, and from window vectors to a document's.

A pooling is a module of this folder that defines `POOLING`. Users name it as the module is named.
Modules import numpy within functions only: `beam-bert --help` lists the poolings without it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from transforms.plugins import load_plugins

if TYPE_CHECKING:
    import numpy as np


class DocumentWindows(NamedTuple):
    """The windows of each document; those of one document are adjacent.

    Attributes:
        firsts: int64 [documents], the first window of each document.
        lengths: int64 [windows], tokens of each window.
        kept: int64 [windows], tokens of each window that count.
    """

    firsts: np.ndarray
    lengths: np.ndarray
    kept: np.ndarray


class Pooling(Protocol):
    """A way to compute one vector from several.

    Attributes:
        order: position in lists of features.
        first_token_only: whether the vector of a window's first token suffices.
    """

    order: int
    first_token_only: bool

    def pool(self, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """Compute one vector for each window from its token vectors, [CLS] and [SEP] included.

        Args:
            sequence: float32 [windows, longest, hidden].
            kept: bool [windows, longest], the tokens that count: one contiguous run of at least one
                token in each window.

        Returns:
            float32 [windows, hidden].
        """
        ...

    def combine(self, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
        """Compute one vector for each document from its window vectors.

        Args:
            vectors: float32 [windows, hidden].
            windows: the windows of each document.

        Returns:
            float32 [documents, hidden]; a document of one window has the window's vector unchanged.
        """
        ...


@functools.cache
def poolings() -> Mapping[str, Pooling]:
    """Return the poolings by name, in their order. The folder is listed once a process."""
    named = load_plugins(__name__, "POOLING")
    return dict(sorted(named.items(), key=lambda item: (item[1].order, item[0])))


def names() -> tuple[str, ...]:
    """Return the names of the poolings, in their order."""
    return tuple(poolings())


def find(name: str) -> Pooling:
    """Return the pooling of a name.

    Raises:
        ValueError: no pooling has that name.
    """
    try:
        return poolings()[name]
    except KeyError:
        raise ValueError(f"no pooling {name!r}; there are {', '.join(names())}") from None
