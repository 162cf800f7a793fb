"""What stands in the records of a job, and in what files."""

import dataclasses

from transforms.features import (
    DOCUMENT_FEATURES,
    FLOAT32,
    INPUT_IDS,
    OFFSETS,
    SEGMENT_IDS,
    TOKENS,
    widths_of_tokens,
)
from transforms.fields import KeptField, parse_fields
from transforms.records.dtypes import check_dtype
from transforms.records.postprocess import Shaping

# The two families of records: of documents, and of their tokens.
POOLED, SEQUENCE = FAMILIES = ("pooled", "sequence")

TFRECORD, PARQUET = OUTPUT_FORMATS = ("tfrecord", "parquet")
NONE, GZIP, ZSTD = COMPRESSIONS = ("none", "gzip", "zstd")
_ENDINGS = {
    (TFRECORD, NONE): ".tfrecord",
    (TFRECORD, GZIP): ".tfrecord.gz",
    (PARQUET, NONE): ".parquet",
    (PARQUET, GZIP): ".parquet",
    (PARQUET, ZSTD): ".parquet",
}

# A tf.Example is a protobuf, which ends at 2 GiB; and while it is written, a few copies of it stand
# in memory.
MAX_RECORD_BYTES = 512 << 20


@dataclasses.dataclass(frozen=True)
class RecordConfig:
    """What stands in the records of a job.

    Attributes:
        features: as asked for; see `features.check_features`.
        keep_fields: fields of the input that pooled records carry; `name` or `name:type`.
        segments: whether sequence records have the segment of each token.
        tokens: whether sequence records have each wordpiece as text, and where it came from.
        dtype: what vectors are stored in; `int8` has a scale for each vector beside.
        shaping: what is done to vectors of documents before.
        format: of the files: `tfrecord`, of tf.Examples, or `parquet`.
        compression: of the files: `none`, `gzip`, or, of Parquet, `zstd`.
        about: what the schemas of Parquet files tell of the job; JSON.
    """

    features: tuple[str, ...]
    keep_fields: tuple[str, ...] = ()
    segments: bool = False
    tokens: bool = False
    dtype: str = FLOAT32
    shaping: Shaping = dataclasses.field(default_factory=Shaping)
    format: str = TFRECORD
    compression: str = NONE
    about: str = "{}"

    def __post_init__(self) -> None:
        check_dtype(self.dtype)
        if self.format not in OUTPUT_FORMATS:
            raise ValueError(
                f"--output_format is {self.format!r}; there are {', '.join(OUTPUT_FORMATS)}"
            )
        fitting = [name for format_, name in _ENDINGS if format_ == self.format]
        if self.compression not in fitting:
            raise ValueError(
                f"--compression is {self.compression!r}; of {self.format} there are "
                f"{', '.join(fitting)}"
            )

    @property
    def ending(self) -> str:
        """What the names of the files end in."""
        return _ENDINGS[self.format, self.compression]

    @property
    def kept(self) -> tuple[KeptField, ...]:
        """The kept fields, taken apart."""
        return parse_fields(self.keep_fields)

    @property
    def families(self) -> tuple[str, ...]:
        """The families that these features fill, in order."""
        return (POOLED,) * bool(self.of_documents) + (SEQUENCE,) * bool(
            widths_of_tokens(self.features)
        )

    @property
    def of_documents(self) -> tuple[str, ...]:
        """The features of pooled records that are vectors."""
        return tuple(feature for feature in self.features if feature in DOCUMENT_FEATURES)

    @property
    def of_tokens(self) -> tuple[str, ...]:
        """The features of sequence records that are lists along the tokens."""
        segments = (SEGMENT_IDS,) * self.segments
        vectors = widths_of_tokens(self.features)
        return (INPUT_IDS, *segments, *(TOKENS, OFFSETS) * self.tokens, *vectors)

    def widths(self, family: str, hidden_size: int) -> dict[str, int]:
        """Tell how many numbers the vectors of each feature of a family have."""
        if family == POOLED:
            return dict.fromkeys(self.of_documents, self.shaping.width(hidden_size))
        return {name: n * hidden_size for name, n in widths_of_tokens(self.features).items()}
