"""What travels: sources, splits, and parts of documents as Arrow batches.

A part is a bounded run of consecutive documents of one source. It travels as one
`pyarrow.RecordBatch` whose schema metadata carry its `PartHeader`, so that every stage maps one
part to one part and nothing else has to be joined back.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from transforms import checked_json

# Raised whenever the bytes that a part leaves behind change their meaning.
FORMAT_VERSION = 2

# Columns of a part as it is read. `text` is empty where `reason` is set. `text_b` is there in parts
# of pairs, and empty where a document has no second text. Columns named `fields.<name>` follow, one
# for each kept field.
ID = "id"
POSITION = "position"
TEXT = "text"
TEXT_B = "text_b"
REASON = "reason"
DETAIL = "detail"
FIELD_PREFIX = "fields."

_HEADER_KEY = b"part"


@dataclasses.dataclass(frozen=True)
class Source:
    """One input file, as it was when the job was planned.

    Attributes:
        path: as the input glob gave it.
        size: bytes, as stored (compressed size for a gzip).
        version: what tells a changed file from an unchanged one: its time of change.
        format: a name in `transforms.sources`.
        compression: `none` or `gzip`.
    """

    path: str
    size: int
    version: str
    format: str
    compression: str = "none"

    @property
    def splittable(self) -> bool:
        """Whether a reader can start in the middle."""
        return self.compression == "none"


@dataclasses.dataclass(frozen=True)
class Split:
    """What one worker reads: the records of a source that begin in `[start, end)`.

    Attributes:
        source: the file.
        start: first byte, of the uncompressed stream.
        end: one past the last byte; None where only reading tells (a gzip).
    """

    source: Source
    start: int
    end: int | None

    def to_json(self) -> dict[str, Any]:
        """Give the line that stands in plan.jsonl."""
        length = None if self.end is None else self.end - self.start
        stored = self.source.size if length is None else length
        line = dataclasses.asdict(self.source)
        return {
            "source": line.pop("path"),
            "start": self.start,
            "end": self.end,
            "bytes": stored,
            **line,
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "Split":
        """Read one line of plan.jsonl.

        Raises:
            ValueError: a field is missing, or not of its kind.
        """
        source = Source(
            path=checked_json.text(line, "source"),
            size=checked_json.whole(line, "size"),
            version=checked_json.text(line, "version"),
            format=checked_json.text(line, "format"),
            compression=checked_json.text(line, "compression"),
        )
        start = checked_json.whole(line, "start")
        told = checked_json.take(line, "end")
        end = None if told is None else checked_json.whole(line, "end")
        if end is not None and end < start:
            raise ValueError(f"'end' is {end}, 'start' is {start}")
        return cls(source=source, start=start, end=end)


@dataclasses.dataclass(frozen=True)
class PartHeader:
    """What a part is, apart from its documents.

    Attributes:
        source: path of the file the documents stand in.
        start: first byte of the range in which its records begin.
        end: one past the last byte of that range.
        last: whether the source has no part after this one in the same split.
        key: the content key, 64 hex digits; see `part_key`.
        measures: counts and seconds that the stages add on the way to the receipt.
    """

    source: str
    start: int
    end: int
    last: bool
    key: str
    measures: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The stem of every file this part leaves: source stem, start, key."""
        return f"{file_stem(self.source)}-{self.start:012d}-{self.key[:12]}"

    def measured(self, **measures: float) -> "PartHeader":
        """Give the same header with measures added."""
        return dataclasses.replace(self, measures={**self.measures, **measures})


def part_key(source: Source, start: int, end: int, run_fingerprint: str) -> str:
    """Name a part by everything that determines its output.

    Args:
        source: the file, with size and version.
        start: first byte of the range.
        end: one past its last byte.
        run_fingerprint: hash over model, configuration, transform and format version.

    Returns:
        64 hex digits. Equal keys mean equal output, whatever runner or bundle computed it.
    """
    identity = [source.path, source.size, source.version, source.format, source.compression]
    return fingerprint([identity, start, end, run_fingerprint])


def fingerprint(value: Any) -> str:
    """Hash a JSON value independently of the order of its keys; 64 hex digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def file_stem(path: str) -> str:
    """Make of any path a short name that is safe in any folder.

    >>> file_stem("gs://bucket/a b/../news.en.jsonl.gz")
    'news.en'
    >>> file_stem("..")
    'source'
    """
    base = re.split(r"[/\\]", path)[-1]
    base = re.sub(r"(\.(txt|text|jsonl|ndjson|json|gz|gzip))+$", "", base, flags=re.IGNORECASE)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", base).strip("._-")
    return safe[:64] or "source"


def record_ids(source: str, positions: Sequence[int]) -> list[str]:
    """Give documents without an id of their own one from their place.

    >>> record_ids("a.txt", [0, 17])
    ['a.txt:0', 'a.txt:17']
    """
    return [f"{source}:{position}" for position in positions]


def with_header(batch: pa.RecordBatch, header: PartHeader) -> pa.RecordBatch:
    """Attach a header to a batch, in place of any it had."""
    payload = json.dumps(dataclasses.asdict(header)).encode()
    return batch.replace_schema_metadata({_HEADER_KEY: payload})


def header_of(batch: pa.RecordBatch) -> PartHeader:
    """Read the header of a part.

    Raises:
        ValueError: the batch is not a part.
    """
    metadata = batch.schema.metadata or {}
    if _HEADER_KEY not in metadata:
        raise ValueError("this RecordBatch carries no part header")
    return PartHeader(**json.loads(metadata[_HEADER_KEY]))


def documents_batch(
    *,
    ids: Sequence[str],
    positions: Sequence[int] | pa.Array,
    text: Sequence[str | None] | pa.Array,
    text_b: Sequence[str | None] | pa.Array | None = None,
    reasons: Sequence[str | None],
    details: Sequence[str | None],
    fields: Mapping[str, Sequence[str | None]] | None = None,
) -> pa.RecordBatch:
    """Build the batch of a part as a reader leaves it, without its header.

    Returns:
        columns `id` large_string, `position` int64, `text` large_binary (UTF-8, never null),
        `reason` string (null where the document is sound), `detail` string, where there are second
        texts `text_b` large_binary, and a large_string column for each kept field.
    """
    columns: dict[str, pa.Array] = {
        ID: pa.array(ids, pa.large_string()),
        POSITION: pa.array(positions, pa.int64()),
        TEXT: _text(text),
        REASON: pa.array(reasons, pa.string()),
        DETAIL: pa.array(details, pa.string()),
    }
    if text_b is not None:
        columns[TEXT_B] = _text(text_b)
    for name, values in (fields or {}).items():
        columns[FIELD_PREFIX + name] = pa.array(values, pa.large_string())
    return pa.RecordBatch.from_pydict(columns)


def _text(values: Sequence[str | None] | pa.Array) -> pa.LargeBinaryArray:
    if not isinstance(values, pa.Array):
        values = pa.array([value or "" for value in values], pa.large_string())
    return values.cast(pa.large_binary())
