"""The content of a job's records, whatever format their files have."""

import dataclasses

from transforms.features import (
    ALL_RECORDS,
    DOCUMENT_FEATURES,
    FIELDS_OF_TOKENS,
    FLOAT32,
    INPUT_IDS,
    KEPT_IN,
    OFFSETS,
    SEGMENT_IDS,
    TOKENS,
    check_keep_fields,
    widths_of_tokens,
)
from transforms.fields import KeptField, parse_fields
from transforms.records.dtypes import check_dtype
from transforms.records.postprocess import Shaping
from transforms.vector_widths import VectorWidths

# The two families of records: one record a document, without and with a vector for each token.
POOLED, SEQUENCE = FAMILIES = ("pooled", "sequence")

# A tf.Example is a protobuf, whose limit is 2 GiB; while it is written, memory holds a few copies.
MAX_RECORD_BYTES = 512 << 20


@dataclasses.dataclass(frozen=True)
class RecordContent:
    """The content of a job's records.

    Attributes:
        features: the requested features; see `features.check_features`.
        keep_fields: input fields that records keep; `name` or `name:type`.
        keep_fields_in: the records that keep them, `pooled` or `all`.
        segments: whether sequence records have the segment of each token.
        tokens: whether sequence records have the text and the offsets of each wordpiece.
        token_fields: whether they also have the field of each, because texts are composed of some.
        dtype: the type that vectors are stored in; `int8` adds a scale for each vector.
        shaping: changes to document vectors before they are stored.
        about: describes the job, as JSON; only formats whose schema has metadata store it.
    """

    features: tuple[str, ...]
    keep_fields: tuple[str, ...] = ()
    keep_fields_in: str = ALL_RECORDS
    segments: bool = False
    tokens: bool = False
    token_fields: bool = False
    dtype: str = FLOAT32
    shaping: Shaping = dataclasses.field(default_factory=Shaping)
    about: str = "{}"

    def __post_init__(self) -> None:
        check_dtype(self.dtype)
        check_keep_fields([field.name for field in self.kept], self.features)
        if self.keep_fields_in not in KEPT_IN:
            raise ValueError(
                f"`keep_fields_in` is {self.keep_fields_in!r}; there are {', '.join(KEPT_IN)}"
            )

    @property
    def kept(self) -> tuple[KeptField, ...]:
        """The parsed `keep_fields`."""
        return parse_fields(self.keep_fields)

    def kept_by(self, family: str) -> tuple[KeptField, ...]:
        """Return the fields that the records of a family keep."""
        return self.kept if family == POOLED or self.keep_fields_in == ALL_RECORDS else ()

    @property
    def families(self) -> tuple[str, ...]:
        """The families that have records, in order."""
        return (POOLED,) * bool(self.of_documents) + (SEQUENCE,) * bool(
            widths_of_tokens(self.features)
        )

    @property
    def of_documents(self) -> tuple[str, ...]:
        """The features of pooled records that are vectors."""
        return tuple(feature for feature in self.features if feature in DOCUMENT_FEATURES)

    @property
    def of_tokens(self) -> tuple[str, ...]:
        """The features of sequence records that have a value for each token."""
        segments = (SEGMENT_IDS,) * self.segments
        vectors = widths_of_tokens(self.features)
        tokens = (TOKENS, OFFSETS) * self.tokens + (FIELDS_OF_TOKENS,) * self.token_fields
        return (INPUT_IDS, *segments, *tokens, *vectors)

    def widths(self, family: str, widths: VectorWidths) -> dict[str, int]:
        """Return the length of the stored vectors of each feature of a family.

        Args:
            family: `pooled` or `sequence`.
            widths: of the model's vectors.
        """
        if family == POOLED:
            return {name: self.shaping.width(widths.of(name)) for name in self.of_documents}
        multiples = widths_of_tokens(self.features)
        return {name: multiple * widths.hidden_size for name, multiple in multiples.items()}
