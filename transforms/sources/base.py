"""What a reader is, and how one is found.

A format is a module of this folder that defines `FORMAT`. Its name on the command line is the
module's name; nothing else has to be registered.
"""

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import BinaryIO, NamedTuple, Protocol

import pyarrow as pa

from transforms.documents import Source, Split
from transforms.fields import KeptField, parse_fields
from transforms.io.transcoding import UTF8, check_encoding

# Opens a file at its beginning: the bytes as they are stored.
Opener = Callable[[], BinaryIO]

_LEAST_PART_BYTES, _MOST_PART_BYTES = 1 << 10, 1 << 30


@dataclasses.dataclass(frozen=True)
class ReadConfig:
    """How records become documents.

    Attributes:
        text_field: field of a structured record that holds the text.
        text_b_field: field that holds the second text of a pair; None where there are no pairs.
        pair_separator: what stands between the texts of a pair on a line of plain text, or None.
        id_field: field that holds the id; None makes ids of source and position.
        keep_fields: further fields to carry into the pooled records; `name`, or `name:type`.
        encoding: of text, as Python names it.
        part_bytes: text bytes of a part, about.
        max_document_bytes: longer records are rejected unread, so that memory stays bounded.
    """

    text_field: str = "text"
    text_b_field: str | None = None
    pair_separator: str | None = None
    id_field: str | None = None
    keep_fields: tuple[str, ...] = ()
    encoding: str = UTF8
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
        parse_fields(self.keep_fields)
        if self.encoding != check_encoding(self.encoding):
            raise ValueError(
                f"--encoding is {self.encoding!r}; give {check_encoding(self.encoding)}"
            )

    @property
    def kept(self) -> tuple[KeptField, ...]:
        """The fields to carry, taken apart."""
        return parse_fields(self.keep_fields)

    @property
    def fields(self) -> dict[str, str]:
        """The fields that records need, by the flag that names them."""
        told = {
            "--text_field": self.text_field,
            "--text_b_field": self.text_b_field,
            "--id_field": self.id_field,
        }
        return {flag: name for flag, name in told.items() if name is not None}

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


class Seen(NamedTuple):
    """What the beginning of a split shows; empty where it has no records with fields.

    Attributes:
        names: the fields that its records have, one or the other.
        types: of the kept fields, in their order; `""` of one without a value there.
    """

    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Format(Protocol):
    """A reader. Its methods are pure: they see a stream, never a path to open.

    Attributes:
        extensions: how names of its files end.
        is_text: whether its files are text, and so may be in other encodings.
        can_start_anywhere: whether a reader can start in the middle of a plain file.
    """

    extensions: tuple[str, ...]
    is_text: bool
    can_start_anywhere: bool

    def cut(self, source: Source, open_: Opener, config: ReadConfig) -> list[Split]:
        """Cut a file into the splits that workers read independently.

        Raises:
            ValueError: it has not the fields that the configuration names.
            OSError: it has to be read for that, and cannot be.
        """
        ...

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split, in order, from its readable stream."""
        ...

    def look(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Seen:
        """Look at the fields of the records that a split begins with."""
        ...

    def check(self, config: ReadConfig) -> None:
        """Refuse, by ValueError, a configuration that means nothing for this format."""
        ...


@functools.cache
def formats() -> Mapping[str, Format]:
    """Return the formats by name, in order of their names.

    Listing the package takes 1 to 3 ms, and a plan asks once a file, so it is listed once a
    process.
    """
    modules = _modules()
    return {name: module.FORMAT for name, module in modules.items() if hasattr(module, "FORMAT")}


def _modules() -> dict[str, ModuleType]:
    """Import the modules of this package."""
    package = importlib.import_module("transforms.sources")
    names_ = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return {name: importlib.import_module(f"{package.__name__}.{name}") for name in names_}


def names() -> list[str]:
    """Return the names of the formats, sorted."""
    return list(formats())


def find(name: str) -> Format:
    """Return the format of a name.

    Raises:
        ValueError: no format has that name.
    """
    try:
        return formats()[name]
    except KeyError:
        raise ValueError(f"no input format {name!r}; there are {', '.join(names())}") from None
