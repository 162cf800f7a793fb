"""Poolings: from token vectors to a window's vector, and from window vectors to a document's.

A pooling is a module of this folder that defines `POOLING`. Users name it as the module is named.
Jobs compute poolings with numpy, and graphs for serving with TensorFlow. Modules import both within
functions only: `beam-bert --help` lists the poolings without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from transforms.plugins import Registry

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf


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


class GraphWindows(NamedTuple):
    """The windows of each document in a graph; those of one document are adjacent.

    Attributes:
        documents: int64 [windows], the document of each window, ascending from 0.
        lengths: int64 [windows], tokens of each window.
        kept: int64 [windows], tokens of each window that count.
    """

    documents: tf.Tensor
    lengths: tf.Tensor
    kept: tf.Tensor


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

    def pool_in_graph(self, sequence: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        """Add what `pool` computes to a graph, within float32 rounding."""
        ...

    def combine_in_graph(self, vectors: tf.Tensor, windows: GraphWindows) -> tf.Tensor:
        """Add what `combine` computes to a graph, within float32 rounding."""
        ...


registry: Registry[Pooling] = Registry(
    __name__, "POOLING", "pooling", lambda pooling: pooling.order
)
names, find = registry.names, registry.find
