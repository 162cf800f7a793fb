"""The interface of an output format, and the registry of formats.

An output format is a module of `records/formats/` that defines `FORMAT`. The module's name is the
format's name on the command line; a new format needs no other line anywhere. These modules import
quickly, because configurations read the registry: they import TensorFlow's libraries in functions.
"""

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple, Protocol

import pyarrow as pa

from transforms.io.block_ends import ANYWHERE, BlockEnds
from transforms.plugins import Registry
from transforms.records.record_content import RecordContent
from transforms.vector_widths import VectorWidths


class Compression(NamedTuple):
    """The files of a compression.

    Attributes:
        ending: of their names.
        most_expansion: the most bytes of vectors that a byte of a file can hold.
    """

    ending: str
    most_expansion: int


class RecordReader(Protocol):
    """Reads files of records.

    Attributes:
        vectors: the type and the width of each feature that is a vector; the width is 0 if the
            schema does not state it.
        types: the type of the values of each column of `read`.
        lists: the names of kept fields that are lists of scalars; other fields have one value, or
            none.
    """

    @property
    def vectors(self) -> Mapping[str, tuple[str, int]]: ...

    @property
    def types(self) -> Mapping[str, pa.DataType]: ...

    @property
    def lists(self) -> frozenset[str]: ...

    def read(
        self, stream: BinaryIO, columns: Sequence[str] | None = None, ends: BlockEnds = ANYWHERE
    ) -> Iterator[pa.RecordBatch]:
        """Read the records: a large_list column for each feature, vectors as float32.

        Args:
            stream: of the file.
            columns: the features to read; None for all.
            ends: where batches should end, which makes the reading of groups of records faster.

        Raises:
            ValueError: the file is damaged or has another schema.
            OSError: the file cannot be read.
        """


class OutputFormat(abc.ABC):
    """A format of files of records.

    Attributes:
        schema_file: name of the schema file in the folder of each family; no other format has it.
        compressions: by name; all formats have `none`.
        reads_in_order: whether readers read a file once, from its beginning to its end.
    """

    schema_file: str
    compressions: Mapping[str, Compression]
    reads_in_order: bool

    def held_type(self, type_: str) -> str:
        """Return the type in which files hold a kept field: its own, or what takes its place."""
        return type_

    @abc.abstractmethod
    def encode(
        self, batch: pa.RecordBatch, family: str, content: RecordContent, compression: str
    ) -> Iterator[tuple[bytes | memoryview, int]]:
        """Encode embedded documents as a file; equal documents give equal bytes.

        Args:
            batch: columns as EncodeParts returns them, without rejected rows.
            family: `pooled` or `sequence`.
            content: the content of the records.
            compression: one of `compressions`.

        Yields:
            the next bytes of the file, and the number of records that end in them.
        """

    @abc.abstractmethod
    def schema_content(self, family: str, content: RecordContent, widths: VectorWidths) -> bytes:
        """Return the content of the schema file of a family."""

    @abc.abstractmethod
    def is_schema_of(
        self, schema: bytes, family: str, content: RecordContent, widths: VectorWidths
    ) -> bool:
        """Return whether the content of a schema file describes a job's records.

        Other releases of the libraries write the same schema as other bytes.

        Raises:
            ValueError: the content cannot be parsed.
        """

    @abc.abstractmethod
    def reader(self, family: str, content: RecordContent, widths: VectorWidths) -> RecordReader:
        """Return the reader of a job's files."""

    @abc.abstractmethod
    def reader_of(self, schema: bytes, family: str) -> RecordReader:
        """Return the reader of the files that the content of a schema file describes.

        Raises:
            ValueError: the content is not a schema of records.
        """


registry: Registry[OutputFormat] = Registry("transforms.records.formats", "FORMAT", "output format")
names, find = registry.names, registry.find
