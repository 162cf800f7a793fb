"""Features of a document: what the model gives, and pooled token vectors."""

import numpy as np

POOLED_OUTPUT = "pooled_output"
SEQUENCE_OUTPUT = "sequence_output"
MEAN, CLS, MAX = "mean", "cls", "max"

# One vector a document; SEQUENCE_OUTPUT is one a token.
DOCUMENT_FEATURES = (POOLED_OUTPUT, MEAN, CLS, MAX)
FEATURES = (*DOCUMENT_FEATURES, SEQUENCE_OUTPUT)


def check_features(features: tuple[str, ...]) -> None:
    """Refuse, by ValueError, features that are unknown, doubled or none."""
    unknown = [name for name in features if name not in FEATURES]
    if unknown:
        raise ValueError(f"--features has {unknown[0]!r}; there are {', '.join(FEATURES)}")
    if not features or len(set(features)) < len(features):
        raise ValueError("--features is empty or names one twice; name each wanted feature once")


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
