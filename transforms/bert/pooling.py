"""Token vectors to document vectors."""

import numpy as np

from transforms.features import CLS, MAX, MEAN


def pool(tokens: np.ndarray, lengths: np.ndarray, how: str) -> np.ndarray:
    """Make one vector of each document's token vectors, [CLS] and [SEP] included.

    Args:
        tokens: float32 [tokens, hidden], document after document.
        lengths: int64 [documents], tokens of each, at least 1.
        how: `mean` (as Sentence-BERT's default, https://arxiv.org/abs/1908.10084), `cls` (the
            first token's vector) or `max` (of each component).

    Returns:
        float32 [documents, hidden].
    """
    starts = np.cumsum(lengths) - lengths
    vectors: np.ndarray
    if how == CLS:
        vectors = tokens[starts]
    elif how == MAX:
        vectors = np.maximum.reduceat(tokens, starts, axis=0)
    elif how == MEAN:
        sums = np.add.reduceat(tokens, starts, axis=0)
        vectors = sums / lengths[:, np.newaxis].astype(np.float32)
    else:
        raise ValueError(f"no pooling {how!r}")
    return vectors
