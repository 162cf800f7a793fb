"""The interface of an input format, its configuration, and the registry of formats.

An input format is a module of this package that defines `FORMAT`. The module's name is the format's
name on the command line; a new format needs no other line anywhere.
"""

import abc
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from transforms.documents import Source, Split
from transforms.fields import KeptField, parse_fields
from transforms.io.transcoding import UTF8, check_encoding
from transforms.plugins import Registry
from transforms.sources import dialect
from transforms.templates.text_template import (
    EMPTY,
    MISSING_FIELDS,
    REJECT,
    TextTemplate,
    parse_template,
)

# Opens a file at its beginning and returns its bytes as stored.
Opener = Callable[[], BinaryIO]

_LEAST_PART_BYTES, _MOST_PART_BYTES = 1 << 10, 1 << 30


@dataclasses.dataclass(frozen=True)
class ReadConfig:
    """How records become documents.

    Attributes:
        text_field: field of a structured record with the text.
        text_b_field: field with the second text of a pair; None without pairs.
        pair_separator: separates the two texts of a pair in a line of plain text; None without
            pairs.
        id_field: field with the id; None derives ids from source and position.
        keep_fields: further fields to copy into the records; `name` or `name:type`.
        encoding: encoding of text files, by Python's name.
        csv_quoting: whether quotes of CSV and TSV quote (`minimal`) or are text (`none`); `auto` is
            `minimal` for CSV and `none` for TSV.
        csv_escape: makes a quote, a delimiter or itself text; None without escapes.
        csv_delimiter: separates the fields of CSV and TSV; None is a comma or a tab.
        text_template: composes the text of several fields, in place of `text_field`; see
            `templates.text_template`. None if one field has the text.
        template_missing: whether a record without a field of the template is rejected (`reject`),
            or the field is `empty`.
        part_bytes: approximate bytes of text in a part.
        max_document_bytes: longer records are rejected unread, which bounds memory.
    """

    text_field: str = "text"
    text_b_field: str | None = None
    pair_separator: str | None = None
    id_field: str | None = None
    keep_fields: tuple[str, ...] = ()
    encoding: str = UTF8
    csv_quoting: str = dialect.AUTO
    csv_escape: str | None = None
    csv_delimiter: str | None = None
    text_template: str | None = None
    template_missing: str = REJECT
    part_bytes: int = 1 << 20
    max_document_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        if not _LEAST_PART_BYTES <= self.part_bytes <= _MOST_PART_BYTES:
            raise ValueError(
                f"`part_bytes` is {self.part_bytes}; give {_LEAST_PART_BYTES} to {_MOST_PART_BYTES}"
            )
        if not self.text_field:
            raise ValueError("`text_field` is empty; name the field with the text")
        if "" in (self.text_b_field, self.pair_separator):
            name = "text_b_field" if self.text_b_field == "" else "pair_separator"
            raise ValueError(f"`{name}` is empty; leave it out if there are no pairs")
        if self.text_b_field and self.pair_separator:
            raise ValueError("`text_b_field` and `pair_separator` both make pairs; give one")
        if self.pair_separator and "\n" in self.pair_separator:
            raise ValueError("`pair_separator` contains a line end, which no line contains")
        self._check_template()
        parse_fields(self.keep_fields)
        dialect.check_quoting(self.csv_quoting)
        dialect.check_characters(self.csv_delimiter, self.csv_escape)
        if self.encoding != check_encoding(self.encoding):
            raise ValueError(
                f"`encoding` is {self.encoding!r}; give {check_encoding(self.encoding)}"
            )

    def _check_template(self) -> None:
        if self.template_missing not in MISSING_FIELDS:
            choices = ", ".join(MISSING_FIELDS)
            raise ValueError(
                f"`template_missing` is {self.template_missing!r}; there are {choices}"
            )
        if self.text_template is None:
            if self.template_missing != REJECT:
                raise ValueError(
                    "`template_missing` needs `text_template`: give it, or leave it out"
                )
            return
        parse_template(self.text_template)
        if self.text_field != ReadConfig.text_field:
            raise ValueError("`text_field` and `text_template` both name the text; give one")
        if self.pair_separator:
            raise ValueError(
                "`pair_separator` is for plain text, and `text_template` for records: for a second "
                "text give `text_b_field`"
            )

    @functools.cached_property
    def template(self) -> TextTemplate | None:
        """The parsed `text_template`."""
        return None if self.text_template is None else parse_template(self.text_template)

    # Read for every record.
    @functools.cached_property
    def kept(self) -> tuple[KeptField, ...]:
        """The parsed `keep_fields`."""
        return parse_fields(self.keep_fields)

    @functools.cached_property
    def text_fields(self) -> tuple[str, ...]:
        """The fields with the text: one, or those of the template."""
        return (self.text_field,) if self.template is None else self.template.names

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields that records need, as pairs of setting and field."""
        setting = "text_field" if self.template is None else "text_template"
        others = (("text_b_field", self.text_b_field), ("id_field", self.id_field))
        return [
            *((setting, name) for name in self.text_fields),
            *((setting, name) for setting, name in others if name is not None),
        ]

    def may_lack(self, setting: str) -> bool:
        """Return whether a record may lack the fields that a setting names."""
        return setting == "text_template" and self.template_missing == EMPTY

    @property
    def of_dialect(self) -> dict[str, str]:
        """The settings that only CSV and TSV have, where they differ from the default."""
        by_setting = {
            "csv_quoting": self.csv_quoting if self.csv_quoting != dialect.AUTO else None,
            "csv_escape": self.csv_escape,
            "csv_delimiter": self.csv_delimiter,
        }
        return {setting: value for setting, value in by_setting.items() if value is not None}

    @property
    def columns(self) -> list[tuple[str, str]]:
        """All fields to read, as pairs of setting and field; a field may repeat."""
        return [*self.fields, *(("keep_fields", field.name) for field in self.kept)]

    @property
    def pairs(self) -> bool:
        """Whether documents may have a second text."""
        return bool(self.text_b_field or self.pair_separator)


@dataclasses.dataclass(frozen=True)
class ReadPart:
    """A part as a format reads it.

    Attributes:
        start, end: the byte range in which its records begin.
        last: whether this is the last part of the split.
        documents: see `documents.documents_batch`; one row for every record of the range.
    """

    start: int
    end: int
    last: bool
    documents: pa.RecordBatch


class SampledFields(NamedTuple):
    """The fields at the beginning of a split; empty if its records have no fields.

    Attributes:
        names: the names of all fields that occur.
        types: the types of the kept fields, in their order; `""` for a field without a value.
        wide: for each kept field a number that float64 holds and float32 does not; else `""`.
        problems: why kept fields can never have the types that are asked for.
        arrays: the names of fields that are arrays of objects.
    """

    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()


class Format(abc.ABC):
    """An input format. Its methods are pure: they read streams and open no paths.

    Attributes:
        endings: file name endings, lower case, without the ending of a compression.
        is_text: whether files are text, and therefore may be in other encodings.
        can_start_anywhere: whether a reader can start in the middle of an uncompressed file.
        has_dialect: whether files are CSV or TSV, which have dialects.
        stores_compressed: whether a file may have fewer bytes than its text, because columns are
            compressed or repeated values are stored once.
        is_one_document: whether a file is one document, whatever its size.
        needs_tensorflow: whether reading imports TensorFlow.
    """

    endings: tuple[str, ...] = ()
    is_text: bool = False
    can_start_anywhere: bool = False
    has_dialect: bool = False
    stores_compressed: bool = False
    is_one_document: bool = False
    needs_tensorflow: bool = False

    @property
    def reads_any_bytes(self) -> bool:
        """Whether a file of any first bytes can be read in this format, if it is asked for."""
        return self.is_text

    @abc.abstractmethod
    def check(self, config: ReadConfig) -> None:
        """Raise ValueError for a setting that has no meaning for this format."""

    @abc.abstractmethod
    def cut(self, source: Source, open_: Opener, config: ReadConfig) -> list[Split]:
        """Cut a file into splits, which workers read independently.

        Raises:
            ValueError: the file lacks a field that the configuration names.
            OSError: the file must be read to cut it, and reading fails.
        """

    @abc.abstractmethod
    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split in order."""

    def sample_fields(
        self,
        split: Split,  # noqa: ARG002
        stream: BinaryIO,  # noqa: ARG002
        config: ReadConfig,  # noqa: ARG002
    ) -> SampledFields:
        """Read the names and types of fields from the records at the beginning of a split."""
        return SampledFields()

    def has_magic(self, head: bytes) -> bool:  # noqa: ARG002
        """Return whether the first bytes of a file, uncompressed, prove that it is of this format.

        Only formats that are not text have such bytes.
        """
        return False

    def matches_text(self, text: str, text_field: str | None) -> bool:  # noqa: ARG002
        """Return whether a text file whose name has no known ending is of this format.

        Args:
            text: the first characters of the file.
            text_field: the field with the text; None if documents are plain lines.
        """
        return False

    def claims_text(self, text: str, text_field: str | None) -> bool:  # noqa: ARG002
        """Return whether a text file is of this format, whatever its name; see `matches_text`."""
        return False

    def problem_of_text(
        self,
        text: str,  # noqa: ARG002
        text_field: str | None,  # noqa: ARG002
        is_complete: bool,  # noqa: ARG002
    ) -> str | None:
        """Return why a text file, which resembles this format, has to be converted first, or None.

        Args:
            text: the first characters of the file.
            text_field: the field with the text; None if documents are plain lines.
            is_complete: whether the file has no further characters.
        """
        return None


registry: Registry[Format] = Registry("transforms.sources", "FORMAT", "input format")
names, find = registry.names, registry.find
