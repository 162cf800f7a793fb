"""The elements of the pipeline: sources, splits, and parts of documents as Arrow batches.

A part is a bounded run of consecutive documents of a file, or of several small ones. It is one
`pyarrow.RecordBatch` whose schema metadata contain its `PartHeader`, so that every stage maps one
part to one part and no join is needed.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from transforms import strict_json
from transforms.strict_json import Count, Json

# Increased whenever the bytes of a part's files change their meaning.
FORMAT_VERSION = 3
# Hex digits of a key in names of files: 128 bits. That any two of a million files of the same stem
# and start have one name has a probability below 2e-27, and nobody can construct two that do.
KEY_DIGITS = 32

# Columns of a part after reading. `text` is empty where `reason` is set. Parts of pairs have
# `text_b`, which is empty where a document has no second text. Then comes a column named
# `fields.<name>` for each kept field. Parts of several files have `source`, the file of each
# document: a dictionary of all files of the part, in order, also of those without documents. Parts
# whose rows are windows of documents have `window`, the number of each in its document. Parts whose
# texts are composed of fields have `places` (see `templates.field_places`).
ID = "id"
POSITION = "position"
TEXT = "text"
TEXT_B = "text_b"
REASON = "reason"
DETAIL = "detail"
FIELD_PREFIX = "fields."
SOURCE = "source"
WINDOW = "window"
PLACES = "places"

_HEADER_KEY = b"part"
# The endings that names of output files leave out. They do not follow the registry of formats: a
# new format must not rename the files of existing jobs, whose names `verify` checks.
_ENDINGS = re.compile(
    r"(\.(txt|text|jsonl|ndjson|json|csv|tsv|tab|parquet|pq|tfrecords?|gz|gzip|bz2|zst|zstd))+$",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Source:
    """One input file, as it was when the job was planned.

    Attributes:
        path: the path that the input glob matched.
        size: stored bytes (of a gzip the compressed size).
        version: the time of change, which differs once a file has changed.
        format: a name in `transforms.sources`.
        compression: `none`, or a name in `transforms.io.decompressing`.
        whole: whether readers have to start at its beginning.
        location: the path of its bytes where that is not `path`.
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
        """The path of its bytes."""
        return self.location or self.path


@dataclasses.dataclass(frozen=True)
class Split:
    """The work of one worker: the records of a source that begin in `[start, end)`.

    Attributes:
        source: the file; of several files, what they are together (see `transforms.groups`).
        start: the first byte of the uncompressed stream; in a format that counts documents, the
            number of the first document.
        end: one past the last; None where it is unknown before reading (a gzip).
        stored: stored bytes of the split, in a format that counts documents; else None.
        members: the files, where there are several; their positions follow each other.
        unread: why a file, which must be read to plan it, could not be read; empty if it could.
            Such a split takes the place of those of its file until a later plan can read it.
    """

    source: Source
    start: int
    end: int | None
    stored: int | None = None
    members: tuple[Source, ...] = ()
    unread: str = ""

    @property
    def files(self) -> tuple[Source, ...]:
        """The files of the split."""
        return self.members or (self.source,)

    @property
    def bytes(self) -> int:
        """The stored bytes of the split."""
        if self.stored is not None:
            return self.stored
        if self.end is None or self.members:
            return self.source.size
        return self.end - self.start

    @property
    def is_one_part(self) -> bool:
        """Whether the split is one part; otherwise their number is unknown before reading."""
        if self.unread:
            return False
        if self.members:
            return self.end is not None
        return self.source.splittable and self.stored is None

    def to_json(self) -> str:
        """Serialize to a line of plan.jsonl, without its end."""
        source = self.source
        line: dict[str, Any] = {
            "source": source.path,
            "start": self.start,
            "end": self.end,
            "bytes": self.bytes,
            "size": source.size,
            "version": source.version,
            "format": source.format,
            "compression": source.compression,
        }
        optional = {
            "whole": source.whole,
            "location": source.location,
            "counted": self.stored is not None,
            "members": [
                [m.path, m.size, m.version, m.compression, m.format, m.whole] for m in self.members
            ],
            "unread": self.unread,
        }
        line.update({name: value for name, value in optional.items() if value})
        return json.dumps(line)

    def to_line(self) -> str:
        """Return the line of plan.jsonl, with its end."""
        return f"{self.to_json()}\n"

    @classmethod
    def from_json(cls, line: Json) -> "Split":
        """Read the result of `to_json`.

        Raises:
            ValueError: a field is missing, unknown or of another type, or fields contradict each
                other.
        """
        stored = decode_line(line)
        return cls(
            source=Source(*stored.file),
            start=stored.start,
            end=stored.end,
            stored=stored.bytes if stored.counted else None,
            members=tuple(
                Source(path, size, version, format_, compression, whole)
                for path, size, version, compression, format_, whole in stored.members
            ),
            unread=stored.unread,
        )


class PlanLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line of plan.jsonl; `members` are path, size, version, compression, format and `whole`."""

    source: str
    start: Count
    end: Count | None
    bytes: Count
    size: Count
    version: str
    format: str
    compression: str
    whole: bool = False
    location: str = ""
    counted: bool = False
    members: tuple[tuple[str, Count, str, str, str, bool], ...] = ()
    unread: str = ""

    @property
    def file(self) -> tuple[str, int, str, str, str, bool, str]:
        """The fields of the source, in the order of `Source`."""
        return (
            *(self.source, self.size, self.version, self.format, self.compression),
            *(self.whole, self.location),
        )


_LINE_DECODER = msgspec.json.Decoder(PlanLine)


def decode_line(line: Json) -> PlanLine:
    """Decode a line of plan.jsonl; raise as `Split.from_json`."""
    stored = strict_json.decode(line, _LINE_DECODER)
    end = stored.end
    if end is not None and end < stored.start:
        raise ValueError(f"`end` is {end}, `start` is {stored.start}")
    if stored.members and sum(size for _, size, *_ in stored.members) != stored.size:
        raise ValueError(f"`size` is {stored.size}, and its `members` have another")
    return stored


@dataclasses.dataclass(frozen=True)
class PartHeader:
    """The place, the key and the measures of a part.

    Attributes:
        source: path of the file that contains the documents.
        start: first byte of the range in which its records begin.
        end: one past the last byte of that range.
        last: whether this part is the last of its split.
        key: the content key, 64 hex digits; see `part_key`.
        measures: counts and seconds that the stages add for the receipt.
        documents_sha256: hash of its documents as they were read; empty if that is not known.
    """

    source: str
    start: int
    end: int
    last: bool
    key: str
    measures: Mapping[str, int | float] = dataclasses.field(default_factory=dict)
    documents_sha256: str = ""

    @property
    def name(self) -> str:
        """The stem of the names of all files of this part: source stem, start, key."""
        return f"{file_stem(self.source)}-{self.start:012d}-{self.key[:KEY_DIGITS]}"

    def measured(self, **measures: float) -> "PartHeader":
        """Return a copy with measures added."""
        return dataclasses.replace(self, measures={**self.measures, **measures})


def part_key(source: Source, start: int, end: int, run_fingerprint: str) -> str:
    """Compute the content key of a part from everything that determines its output.

    Args:
        source: the file, with size and version.
        start: first byte of the range.
        end: one past its last byte.
        run_fingerprint: hash of model, configuration, transform and format version.

    Returns:
        64 hex digits. Equal keys mean equal output, on every runner and in every bundle.
    """
    identity = [source.path, source.size, source.version, source.format, source.compression]
    return hash_json([identity, start, end, run_fingerprint])


def hash_json(value: Any) -> str:
    """Hash a JSON value independently of the order of its keys; 64 hex digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def file_stem(path: str) -> str:
    """Return a short name for a path that is safe in any folder.

    >>> file_stem("gs://bucket/a b/../news.en.jsonl.gz")
    'news.en'
    >>> file_stem("..")
    'source'
    """
    base = re.split(r"[/\\]", path)[-1]
    base = _ENDINGS.sub("", base)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", base).strip("._-")
    return safe[:64] or "source"


def record_ids(source: str | Sequence[str], positions: Sequence[int]) -> list[str]:
    """Make ids from source and position, for documents without an id.

    >>> record_ids("a.txt", [0, 17])
    ['a.txt:0', 'a.txt:17']
    >>> record_ids(["a.txt", "b.txt"], [17, 0])
    ['a.txt:17', 'b.txt:0']
    """
    if isinstance(source, str):
        return [f"{source}:{position}" for position in positions]
    return [f"{path}:{position}" for path, position in zip(source, positions, strict=True)]


def files_of(part: pa.RecordBatch) -> tuple[list[str], np.ndarray]:
    """Return the files of a part, and the number of the file of each document, int64 [documents].

    Raises:
        ValueError: the batch is not a part.
    """
    if SOURCE not in part.schema.names:
        return [header_of(part).source], np.zeros(part.num_rows, np.int64)
    column = part.column(SOURCE)
    return column.dictionary.to_pylist(), column.indices.to_numpy().astype(np.int64)


def begins_document(part: pa.RecordBatch) -> np.ndarray:
    """Return which rows of a part are the first of their document, bool [rows]."""
    if WINDOW not in part.schema.names:
        return np.ones(part.num_rows, bool)
    # A rejected document is one row without a number.
    numbers = part.column(WINDOW).fill_null(0).to_numpy()
    first: np.ndarray = numbers == 0
    return first


_HEADER_DECODER = msgspec.json.Decoder(PartHeader)


def with_header(batch: pa.RecordBatch, header: PartHeader) -> pa.RecordBatch:
    """Attach a header to a batch; it replaces an earlier one."""
    payload = json.dumps(dataclasses.asdict(header)).encode()
    return batch.replace_schema_metadata({_HEADER_KEY: payload})


def header_of(batch: pa.RecordBatch) -> PartHeader:
    """Read the header of a part.

    Raises:
        ValueError: the batch is not a part.
    """
    metadata = batch.schema.metadata or {}
    if _HEADER_KEY not in metadata:
        raise ValueError("this RecordBatch has no part header")
    return strict_json.decode(metadata[_HEADER_KEY], _HEADER_DECODER)


def documents_batch(
    *,
    ids: Sequence[str],
    positions: Sequence[int] | pa.Array,
    text: Sequence[str | None] | pa.Array,
    text_b: Sequence[str | None] | pa.Array | None = None,
    reasons: Sequence[str | None],
    details: Sequence[str | None],
    fields: Mapping[str, Sequence[str | None] | pa.Array] | None = None,
    places: pa.Array | None = None,
) -> pa.RecordBatch:
    """Build the batch of a part after reading, without its header.

    Returns:
        columns `id` large_string, `position` int64, `text` large_binary (UTF-8, never null),
        `reason` string (null where the document is valid), `detail` string, `text_b` large_binary
        if there are second texts, `places` if texts are composed of fields, and a column for each
        kept field, large_string unless typed.
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
    if places is not None:
        columns[PLACES] = places
    for name, values in (fields or {}).items():
        typed = isinstance(values, pa.Array)
        columns[FIELD_PREFIX + name] = values if typed else pa.array(values, pa.large_string())
    return pa.RecordBatch.from_pydict(columns)


def _text(values: Sequence[str | None] | pa.Array) -> pa.LargeBinaryArray:
    if not isinstance(values, pa.Array):
        values = pa.array([value or "" for value in values], pa.large_string())
    return values.cast(pa.large_binary())
