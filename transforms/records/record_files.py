"""Files of records: what they are named, how they are written, and how they are read."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, Protocol

import pyarrow as pa
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from transforms.io import tfrecord_framing
from transforms.records import examples, parquet_reader, parquet_records
from transforms.records.example_reader import ExampleReader
from transforms.records.parquet_reader import ParquetReader
from transforms.records.record_config import GZIP, PARQUET, TFRECORD, RecordConfig

# By format, in the folder of each family: what its files hold.
SCHEMA_FILES = {TFRECORD: examples.SCHEMA_FILE, PARQUET: parquet_records.SCHEMA_FILE}
# What the names of files of records end in.
ENDINGS = (".tfrecord", ".tfrecord.gz", ".parquet")
# At 6 vectors of random floats are 0.3% smaller still, and take a third longer.
_GZIP_LEVEL = 1
_GZIP_HEADER = 16


class RecordReader(Protocol):
    """Reads files of records.

    Attributes:
        vectors: the type and the width of each feature that is a vector; a width is 0 where
            nothing tells it.
    """

    @property
    def vectors(self) -> Mapping[str, tuple[str, int]]: ...

    def read(self, stream: BinaryIO) -> Iterator[pa.RecordBatch]:
        """Give the records, a large_list column for each feature; vectors as float32.

        Raises:
            ValueError: the file is damaged, or of another schema.
            OSError: it cannot be read.
        """


def encode(batch: pa.RecordBatch, family: str, config: RecordConfig) -> Iterator[tuple[bytes, int]]:
    """Make a file of embedded documents.

    Args:
        batch: columns as EncodeParts leaves them; no row may be rejected.
        family: `pooled` or `sequence`.
        config: what stands in the records, and in what files.

    Yields:
        the next bytes of the file, and how many records they end.
    """
    if config.format == PARQUET:
        return parquet_records.encode(batch, family, config)
    blocks = examples.serialize(batch, family, config)
    framed = ((tfrecord_framing.frame(block), len(block)) for block in blocks)
    return _gzipped(framed) if config.compression == GZIP else framed


def _gzipped(blocks: Iterable[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """Compress; the header tells no name and no time, so that equal records are equal bytes."""
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS + _GZIP_HEADER)
    for block, records in blocks:
        yield compressor.compress(block), records
    yield compressor.flush(), 0


def schema_content(family: str, config: RecordConfig, hidden_size: int) -> bytes:
    """Make what stands in the schema file of a family."""
    if config.format == PARQUET:
        return parquet_records.schema_bytes(parquet_records.schema(family, config, hidden_size))
    text: str = text_format.MessageToString(examples.schema(family, config, hidden_size))
    return text.encode()


def schema_problem(
    content: bytes, family: str, config: RecordConfig, hidden_size: int
) -> str | None:
    """Say what is wrong with what stands in the schema file of a family; None if nothing is.

    Other releases of the libraries write the same schema in other bytes.
    """
    try:
        if config.format == PARQUET:
            expected = parquet_records.schema(family, config, hidden_size)
            same = parquet_reader.is_same(parquet_reader.read_schema(content), expected, family)
        else:
            same = _parse(content) == examples.schema(family, config, hidden_size)
    except ValueError as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    return None if same else "is not the schema of this job's records"


def reader(family: str, config: RecordConfig, hidden_size: int) -> RecordReader:
    """Make the reader of a job's files."""
    if config.format == PARQUET:
        return ParquetReader(parquet_records.schema(family, config, hidden_size), family)
    return ExampleReader(examples.schema(family, config, hidden_size), family)


def reader_of(name: str, content: bytes, family: str) -> RecordReader:
    """Make the reader of the files that a schema file tells of.

    Args:
        name: of the schema file.
        content: of it.
        family: whose folder it is in.

    Raises:
        ValueError: it is no schema of records.
    """
    if name == parquet_records.SCHEMA_FILE:
        return ParquetReader(parquet_reader.read_schema(content), family)
    return ExampleReader(_parse(content), family)


def _parse(content: bytes) -> schema_pb2.Schema:
    try:
        return text_format.Parse(content.decode(), schema_pb2.Schema())
    except (text_format.ParseError, RecursionError) as error:
        raise ValueError(str(error)) from error
