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
_ENDINGS = re.compile(
    r"(\.(txt|text|jsonl|ndjson|json|csv|tsv|tab|parquet|pq|tfrecords?|gz|gzip|bz2|zst|zstd))+$",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Source:
    """One input file, as it was when the job was planned.

    Attributes:
        path: as the input glob gave it.
        size: bytes, as stored (compressed size for a gzip).
        version: what tells a changed file from an unchanged one: its time of change.
        format: a name in `transforms.sources`.
        compression: `none`, or a name in `sources.decompressing`.
        whole: whether it can be read from its beginning only.
        location: where its bytes lie, if not at `path`.
    """

    path: str
    size: int
    version: str
    format: str
    compression: str = "none"
    whole: bool = False
    location: str = ""

    @property
    def splittable(self) -> bool:
        """Whether a reader can start in the middle."""
        return self.compression == "none" and not self.whole

    @property
    def place(self) -> str:
        """Where its bytes lie."""
        return self.location or self.path


@dataclasses.dataclass(frozen=True)
class Member:
    """One of many files that are documents; attributes as of `Source`."""

    path: str
    size: int
    version: str
    compression: str = "none"


@dataclasses.dataclass(frozen=True)
class Split:
    """What one worker reads: the records of a source that begin in `[start, end)`.

    Attributes:
        source: the file.
        start: first byte, of the uncompressed stream; of a format that counts documents, the number
            of the first.
        end: one past the last; None where only reading tells (a gzip).
        stored: the bytes it takes as stored, of a format that counts documents; else None.
        members: the documents, where each is a file.
    """

    source: Source
    start: int
    end: int | None
    stored: int | None = None
    members: tuple[Member, ...] = ()

    @property
    def bytes(self) -> int:
        """The bytes it takes, as stored."""
        if self.stored is not None:
            return self.stored
        return self.source.size if self.end is None else self.end - self.start

    @property
    def is_one_part(self) -> bool:
        """Whether it is read as one part; of others only reading tells how many they have."""
        return bool(self.members) or (self.source.splittable and self.stored is None)

    def to_json(self) -> dict[str, Any]:
        """Give the line that stands in plan.jsonl."""
        line = dataclasses.asdict(self.source)
        optional = {"whole": line.pop("whole"), "location": line.pop("location")}
        optional["counted"] = self.stored is not None
        optional["members"] = [list(dataclasses.astuple(member)) for member in self.members]
        return {
            "source": line.pop("path"),
            "start": self.start,
            "end": self.end,
            "bytes": self.bytes,
            **line,
            **{name: value for name, value in optional.items() if value},
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
            whole="whole" in line and checked_json.flag(line, "whole"),
            location=checked_json.text(line, "location") if "location" in line else "",
        )
        start = checked_json.whole(line, "start")
        told = checked_json.take(line, "end")
        end = None if told is None else checked_json.whole(line, "end")
        if end is not None and end < start:
            raise ValueError(f"'end' is {end}, 'start' is {start}")
        counted = "counted" in line and checked_json.flag(line, "counted")
        stored = checked_json.whole(line, "bytes") if counted else None
        told = checked_json.items(line, "members") if "members" in line else []
        members = tuple(map(_member, told))
        if members and len(members) != (end or 0) - start:
            raise ValueError(f"'members' are {len(members)}, not {(end or 0) - start}")
        return cls(source=source, start=start, end=end, stored=stored, members=members)


def _member(told: Any) -> Member:
    if not isinstance(told, list) or len(told) != len(dataclasses.fields(Member)):
        raise ValueError("one of 'members' is no file")
    named = {
        field.name: value for field, value in zip(dataclasses.fields(Member), told, strict=True)
    }
    return Member(
        path=checked_json.text(named, "path"),
        size=checked_json.whole(named, "size"),
        version=checked_json.text(named, "version"),
        compression=checked_json.text(named, "compression"),
    )


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
    base = _ENDINGS.sub("", base)
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
    fields: Mapping[str, Sequence[str | None] | pa.Array] | None = None,
) -> pa.RecordBatch:
    """Build the batch of a part as a reader leaves it, without its header.

    Returns:
        columns `id` large_string, `position` int64, `text` large_binary (UTF-8, never null),
        `reason` string (null where the document is sound), `detail` string, where there are second
        texts `text_b` large_binary, and a column for each kept field, large_string unless typed.
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
        typed = isinstance(values, pa.Array)
        columns[FIELD_PREFIX + name] = values if typed else pa.array(values, pa.large_string())
    return pa.RecordBatch.from_pydict(columns)


def _text(values: Sequence[str | None] | pa.Array) -> pa.LargeBinaryArray:
    if not isinstance(values, pa.Array):
        values = pa.array([value or "" for value in values], pa.large_string())
    return values.cast(pa.large_binary())
