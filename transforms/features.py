"""Names of what a record can hold, and what may be asked for."""

import re
from collections.abc import Sequence

from transforms import poolings

# One vector a document.
POOLED_OUTPUT = "pooled_output"
MEAN = "mean"
DOCUMENT_FEATURES = (POOLED_OUTPUT, *poolings.names())
# One vector a token. LAYERS is asked for as `layers:-1,-2`, the last layer being -1, and has the
# vectors of these layers side by side.
SEQUENCE_OUTPUT = "sequence_output"
LAYERS = "layers"
TOKEN_FEATURES = (SEQUENCE_OUTPUT, LAYERS)
# As they may be asked for; the last is an example.
FEATURES = (*DOCUMENT_FEATURES, SEQUENCE_OUTPUT, f"{LAYERS}:-1,-2")

# Types of floats: what vectors are computed in, and stored in.
FLOAT32, FLOAT16, BFLOAT16 = "float32", "float16", "bfloat16"
# Stored only: small integers, and a scale for each vector.
INT8 = "int8"
DTYPES = (FLOAT32, FLOAT16, BFLOAT16, INT8)

# Types of fields of the input that records carry.
STRING, INT64, FLOAT64, BOOL = "string", "int64", "float64", "bool"
BYTES, TIMESTAMP, DATE = "bytes", "timestamp", "date"
FIELD_TYPES = (STRING, INT64, FLOAT64, BOOL, BYTES, TIMESTAMP, DATE)

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


def scale_of(name: str) -> str:
    """Name the feature that has the scales of the vectors of another, stored as int8."""
    return f"{name}_scale"


_RESERVED = (
    "id",
    *DOCUMENT_FEATURES,
    *TOKEN_FEATURES,
    *map(scale_of, (*DOCUMENT_FEATURES, *TOKEN_FEATURES)),
    *ACCOUNT,
    INPUT_IDS,
    SEGMENT_IDS,
    TOKENS,
    OFFSETS,
)


_ASKED_LAYERS = re.compile(rf"{LAYERS}:-[1-9]\d*(,-[1-9]\d*)*")


def split_features(text: str) -> tuple[str, ...]:
    """Split a list of features at its commas, but for those between layers.

    >>> split_features("mean, layers:-1,-2,cls")
    ('mean', 'layers:-1,-2', 'cls')
    """
    split: list[str] = []
    for word in filter(None, map(str.strip, text.split(","))):
        goes_on = split and split[-1].startswith(f"{LAYERS}:") and re.fullmatch(r"-?\d+", word)
        split[-1:] = [f"{split[-1]},{word}"] if goes_on else [*split[-1:], word]
    return tuple(split)


def name_of(feature: str) -> str:
    """Give the name in records of what was asked for.

    >>> name_of("layers:-1,-2"), name_of("mean")
    ('layers', 'mean')
    """
    return feature.partition(":")[0]


def layers_of(features: Sequence[str]) -> tuple[int, ...]:
    """Give the layers asked for, counted from the last, which is -1; none where none are."""
    asked = next((feature for feature in features if name_of(feature) == LAYERS), "")
    return tuple(int(number) for number in asked.partition(":")[2].split(",") if number)


def widths_of_tokens(features: Sequence[str]) -> dict[str, int]:
    """Give, for each wanted feature of tokens, how many hidden sizes wide its vectors are.

    >>> widths_of_tokens(["mean", "sequence_output", "layers:-1,-2"])
    {'sequence_output': 1, 'layers': 2}
    """
    widths = {SEQUENCE_OUTPUT: 1, LAYERS: len(layers_of(features))}
    wanted = [name_of(feature) for feature in features]
    return {name: width for name, width in widths.items() if name in wanted}


def check_features(features: Sequence[str]) -> None:
    """Refuse, by ValueError, features that are unknown, doubled or none."""
    for feature in features:
        if feature not in FEATURES and not _ASKED_LAYERS.fullmatch(feature):
            raise ValueError(f"--features has {feature!r}; there are {', '.join(FEATURES)}")
    layers, asked = layers_of(features), [name_of(feature) for feature in features]
    if not features or len(set(asked)) < len(asked) or len(set(layers)) < len(layers):
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
