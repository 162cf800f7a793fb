"""Names of what a record can hold, and what may be asked for."""

from collections.abc import Sequence

# One vector a document; SEQUENCE_OUTPUT is one a token.
POOLED_OUTPUT = "pooled_output"
SEQUENCE_OUTPUT = "sequence_output"
MEAN, CLS, MAX = "mean", "cls", "max"
DOCUMENT_FEATURES = (POOLED_OUTPUT, MEAN, CLS, MAX)
FEATURES = (*DOCUMENT_FEATURES, SEQUENCE_OUTPUT)

# What the model reads of a document.
INPUT_IDS = "input_ids"
SEGMENT_IDS = "segment_ids"
TOKENS = "tokens"
OFFSETS = "offsets"

# The account of a document.
NUM_TOKENS = "num_tokens"
NUM_WORDPIECES = "num_wordpieces"
NUM_UNKNOWN = "num_unknown"
TRUNCATED = "truncated"
ACCOUNT = (NUM_TOKENS, NUM_WORDPIECES, NUM_UNKNOWN, TRUNCATED)

_RESERVED = ("id", *FEATURES, *ACCOUNT, INPUT_IDS, SEGMENT_IDS, TOKENS, OFFSETS)


def check_features(features: Sequence[str]) -> None:
    """Refuse, by ValueError, features that are unknown, doubled or none."""
    unknown = [name for name in features if name not in FEATURES]
    if unknown:
        raise ValueError(f"--features has {unknown[0]!r}; there are {', '.join(FEATURES)}")
    if not features or len(set(features)) < len(features):
        raise ValueError("--features is empty or names one twice; name each wanted feature once")


def check_keep_fields(fields: Sequence[str]) -> None:
    """Refuse, by ValueError, a field doubled or of a name that records have for something else."""
    if len(set(fields)) < len(fields):
        raise ValueError("--keep_fields names a field twice; name each once")
    for name in fields:
        if name in _RESERVED:
            raise ValueError(
                f"--keep_fields has {name!r}, which records have for themselves; "
                "rename the field, or leave it out"
            )
