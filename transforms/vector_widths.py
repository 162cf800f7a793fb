"""The widths of the vectors that a model computes."""

import dataclasses
from collections.abc import Iterable, Mapping

from transforms.features import DOCUMENT_FEATURES


@dataclasses.dataclass(frozen=True)
class VectorWidths:
    """How many numbers the vectors of a model have, before they are truncated.

    Attributes:
        hidden_size: of a token's vector, and of those of documents that are not in `of_documents`.
        of_documents: the width of each feature of documents whose vectors have another width.
    """

    hidden_size: int
    of_documents: Mapping[str, int] = dataclasses.field(default_factory=dict, hash=False)

    def of(self, feature: str) -> int:
        """Return the width of a feature of documents."""
        return self.of_documents.get(feature, self.hidden_size)

    def smallest(self, features: Iterable[str]) -> int:
        """Return the least width of the features of documents among these, or the hidden size.

        >>> VectorWidths(768, {"max": 256}).smallest(["mean", "max"])
        256
        """
        return min(
            (self.of(name) for name in features if name in DOCUMENT_FEATURES),
            default=self.hidden_size,
        )

    def largest(self, features: Iterable[str]) -> int:
        """Return the greatest width of the features of documents among these, or the hidden size.

        >>> VectorWidths(768, {"max": 256}).largest(["max"])
        256
        """
        return max(
            (self.of(name) for name in features if name in DOCUMENT_FEATURES),
            default=self.hidden_size,
        )
