"""What a reader is, and how one is found.

A format is a module of this folder that defines `FORMAT`. Its name on the command line is the
module's name; nothing else has to be registered.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from transforms.documents import Source, Split
from transforms.features import check_keep_fields

_LEAST_PART_BYTES, _MOST_PART_BYTES = 1 << 10, 1 << 30


@dataclasses.dataclass(frozen=True)
class ReadConfig:
    """How records become documents.

    Attributes:
        text_field: field of a structured record that holds the text.
        text_b_field: field that holds the second text of a pair; None where there are no pairs.
        pair_separator: what stands between the texts of a pair on a line of plain text, or None.
        id_field: field that holds the id; None makes ids of source and position.
        keep_fields: further fields to carry into the pooled records.
        part_bytes: text bytes of a part, about.
        max_document_bytes: longer records are rejected unread, so that memory stays bounded.
    """

    text_field: str = "text"
    text_b_field: str | None = None
    pair_separator: str | None = None
    id_field: str | None = None
    keep_fields: tuple[str, ...] = ()
    part_bytes: int = 1 << 20
    max_document_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        if not _LEAST_PART_BYTES <= self.part_bytes <= _MOST_PART_BYTES:
            raise ValueError(
                f"--part_bytes is {self.part_bytes}; give {_LEAST_PART_BYTES} to {_MOST_PART_BYTES}"
            )
        if not self.text_field:
            raise ValueError("--text_field is empty; name the field that holds the text")
        if "" in (self.text_b_field, self.pair_separator):
            flag = "--text_b_field" if self.text_b_field == "" else "--pair_separator"
            raise ValueError(f"{flag} is empty; leave it out where there are no pairs")
        if self.text_b_field and self.pair_separator:
            raise ValueError("--text_b_field and --pair_separator both make pairs; give one")
        if self.pair_separator and "\n" in self.pair_separator:
            raise ValueError("--pair_separator has a line's end; no line has one within")
        check_keep_fields(self.keep_fields)

    @property
    def pairs(self) -> bool:
        """Whether documents may have a second text."""
        return bool(self.text_b_field or self.pair_separator)


@dataclasses.dataclass(frozen=True)
class ReadPart:
    """A part as it comes out of a reader.

    Attributes:
        start, end: the byte range in which its records begin.
        last: whether the split ends here.
        documents: see `documents.documents_batch`; every record of the range has a row.
    """

    start: int
    end: int
    last: bool
    documents: pa.RecordBatch


class Format(Protocol):
    """A reader. Its methods are pure: they see a stream, never a path to open."""

    extensions: tuple[str, ...]

    def cut(self, source: Source, part_bytes: int) -> list[Split]:
        """Cut a file into the splits that workers read independently."""
        ...

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split, in order, from the uncompressed stream."""
        ...

    def check(self, config: ReadConfig) -> None:
        """Refuse, by ValueError, a configuration that means nothing for this format."""
        ...


def names() -> list[str]:
    """List the formats there are."""
    here = importlib.import_module("transforms.sources").__path__
    modules = [module.name for module in pkgutil.iter_modules(here)]
    return [name for name in modules if hasattr(_module(name), "FORMAT")]


def find(name: str) -> Format:
    """Get the reader of a format.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in names():
        raise ValueError(f"no input format {name!r}; there are {', '.join(names())}")
    found: Format = _module(name).FORMAT
    return found


def detect(path: str) -> tuple[str, str]:
    """Tell format and compression from a file's name.

    Returns:
        `(format, compression)`; what has no known ending is text.

    >>> detect("corpus/part-0.jsonl.gz")
    ('jsonl', 'gzip')
    >>> detect("README")
    ('text', 'none')
    """
    lowered = path.lower()
    compression = "none"
    if lowered.endswith(".gz"):
        lowered, compression = lowered[: -len(".gz")], "gzip"
    for name in names():
        if lowered.endswith(find(name).extensions):
            return name, compression
    return "text", compression


def _module(name: str) -> Any:
    return importlib.import_module(f"transforms.sources.{name}")
