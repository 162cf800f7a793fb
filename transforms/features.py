"""Names of the features of records, and checks of requested features and kept fields."""

import re
from collections.abc import Sequence

from transforms import poolings

# One vector a document.
POOLED_OUTPUT = "pooled_output"
MEAN = "mean"
# What sentence-transformers computes with the model.
SENTENCE = "sentence"
# A further output of some TF2 modules, which may have a width of its own.
DEFAULT = "default"
DOCUMENT_FEATURES = (POOLED_OUTPUT, *poolings.names(), SENTENCE, DEFAULT)
# One vector a token. LAYERS is requested as `layers:-1,-2` (the last layer is -1), and concatenates
# the vectors of these layers.
SEQUENCE_OUTPUT = "sequence_output"
LAYERS = "layers"
TOKEN_FEATURES = (SEQUENCE_OUTPUT, LAYERS)
# What can be requested; the last one is an example.
FEATURES = (*DOCUMENT_FEATURES, SEQUENCE_OUTPUT, f"{LAYERS}:-1,-2")

# Float types, in which vectors are computed and stored.
FLOAT32, FLOAT16, BFLOAT16 = "float32", "float16", "bfloat16"
# A type for storage only: small integers, and a scale for each vector.
INT8 = "int8"
DTYPES = (FLOAT32, FLOAT16, BFLOAT16, INT8)

# Types of the input fields that records keep. FLOAT32 rounds; EXACT_FLOAT32 rejects what would have
# to be rounded. It is what FLOAT64 becomes in tf.Examples, which have no other floats.
STRING, INT64, FLOAT64, BOOL = "string", "int64", "float64", "bool"
EXACT_FLOAT32 = "exact_float32"
BYTES, TIMESTAMP, DATE = "bytes", "timestamp", "date"
# Any value of JSON, as its text.
JSON = "json"
# The types with a name; those of lists, structs and maps contain them (`fields.nested_types`).
FIELD_TYPES = (STRING, INT64, FLOAT64, FLOAT32, EXACT_FLOAT32, BOOL, BYTES, TIMESTAMP, DATE, JSON)

# The records that have the kept fields: those of documents, or all.
ONLY_POOLED, ALL_RECORDS = KEPT_IN = ("pooled", "all")

# The input of the model for a document.
INPUT_IDS = "input_ids"
SEGMENT_IDS = "segment_ids"
TOKENS = "tokens"
OFFSETS = "offsets"
# The field of a text template in which a token is.
FIELDS_OF_TOKENS = "token_fields"

# The counts of a document.
NUM_TOKENS = "num_tokens"
NUM_WORDPIECES = "num_wordpieces"
NUM_UNKNOWN = "num_unknown"
TRUNCATED = "truncated"
ACCOUNT = (NUM_TOKENS, NUM_WORDPIECES, NUM_UNKNOWN, TRUNCATED)


def scale_of(name: str) -> str:
    """Return the name of the feature with the scales of a feature that is stored as int8."""
    return f"{name}_scale"


# Jobs may keep fields with the names of later features that they do not compute.
_FIRST_FEATURES = (POOLED_OUTPUT, MEAN, "cls", "max", *TOKEN_FEATURES)
_RESERVED = (
    "id",
    *_FIRST_FEATURES,
    *map(scale_of, _FIRST_FEATURES),
    *ACCOUNT,
    INPUT_IDS,
    SEGMENT_IDS,
    TOKENS,
    OFFSETS,
    FIELDS_OF_TOKENS,
)


_LAYERS_REQUEST = re.compile(rf"{LAYERS}:-[1-9]\d*(,-[1-9]\d*)*")


def split_features(text: str) -> tuple[str, ...]:
    """Split a list of features at its commas, except those between layers.

    >>> split_features("mean, layers:-1,-2,cls")
    ('mean', 'layers:-1,-2', 'cls')
    """
    split: list[str] = []
    for word in filter(None, map(str.strip, text.split(","))):
        is_layer = split and split[-1].startswith(f"{LAYERS}:") and re.fullmatch(r"-?\d+", word)
        split[-1:] = [f"{split[-1]},{word}"] if is_layer else [*split[-1:], word]
    return tuple(split)


_SPLITTING = re.compile(r'"(?:[^"\\]|\\.)*"|(?:list|struct|map)\s*<|.', re.DOTALL)


def split_fields(text: str) -> tuple[str, ...]:
    """Split a list of fields at its commas, except those within a type or a quoted name.

    >>> split_fields("id2, meta:struct<a:int64,b:string>,x<y")
    ('id2', 'meta:struct<a:int64,b:string>', 'x<y')
    """
    split, level = [""], 0
    for word in _SPLITTING.findall(text):
        pieces = [word] if level else word.split(",")
        is_type = len(word) > 1 and word.endswith("<") and (level or split[-1].endswith(":"))
        level += bool(is_type) - (word == ">" and level > 0)
        split[-1:] = [split[-1] + pieces[0], *pieces[1:]]
    return tuple(filter(None, map(str.strip, split)))


def name_of(feature: str) -> str:
    """Return the name that a requested feature has in records.

    >>> name_of("layers:-1,-2"), name_of("mean")
    ('layers', 'mean')
    """
    return feature.partition(":")[0]


def layers_of(features: Sequence[str]) -> tuple[int, ...]:
    """Return the requested layers, counted from the last (-1); empty if no layers are requested."""
    request = next((feature for feature in features if name_of(feature) == LAYERS), "")
    return tuple(int(number) for number in request.partition(":")[2].split(",") if number)


def widths_of_tokens(features: Sequence[str]) -> dict[str, int]:
    """Return the width of each requested token feature, as a multiple of the hidden size.

    >>> widths_of_tokens(["mean", "sequence_output", "layers:-1,-2"])
    {'sequence_output': 1, 'layers': 2}
    """
    widths = {SEQUENCE_OUTPUT: 1, LAYERS: len(layers_of(features))}
    requested = [name_of(feature) for feature in features]
    return {name: width for name, width in widths.items() if name in requested}


def check_features(features: Sequence[str]) -> None:
    """Raise ValueError for unknown or repeated features, or an empty list."""
    for feature in features:
        if feature not in FEATURES and not _LAYERS_REQUEST.fullmatch(feature):
            raise ValueError(f"`features` has {feature!r}; there are {', '.join(FEATURES)}")
    layers, names = layers_of(features), [name_of(feature) for feature in features]
    if not features or len(set(names)) < len(names) or len(set(layers)) < len(layers):
        raise ValueError("`features` is empty or names one twice; name each feature once")


def check_keep_fields(fields: Sequence[str], features: Sequence[str] = ()) -> None:
    """Raise ValueError for a repeated field, or a name that records use for another feature.

    Args:
        fields: names of fields.
        features: that are requested.
    """
    requested = [name_of(feature) for feature in features]
    reserved = {*_RESERVED, *requested, *map(scale_of, requested)}
    if len(set(fields)) < len(fields):
        raise ValueError("`keep_fields` names a field twice; name each once")
    for name in fields:
        if name in reserved:
            raise ValueError(
                f"`keep_fields` has {name!r}, which is the name of a feature of records; "
                "rename the field, or leave it out"
            )
