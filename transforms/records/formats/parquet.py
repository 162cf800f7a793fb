"""Parquet files, which compress their columns (https://parquet.apache.org/docs/file-format)."""

from collections.abc import Iterator

import pyarrow as pa

from transforms.records import parquet_reader, parquet_records
from transforms.records.output_format import Compression, OutputFormat, RecordReader
from transforms.records.parquet_reader import ParquetReader
from transforms.records.record_content import RecordContent
from transforms.vector_widths import VectorWidths

# Columns of equal values are stored in very few bytes.
_FILES = Compression(".parquet", 1 << 15)


class ParquetOutput(OutputFormat):
    """Parquet files; the schema, a file without rows, has metadata about the job."""

    # Readers of folders of Parquet files ignore a file of this name.
    schema_file = "_common_metadata"
    compressions = dict.fromkeys(("none", "gzip", "zstd"), _FILES)
    # The index of a file is at its end.
    reads_in_order = False

    def encode(
        self, batch: pa.RecordBatch, family: str, content: RecordContent, compression: str
    ) -> Iterator[tuple[bytes | memoryview, int]]:
        """Encode embedded documents as a file."""
        return parquet_records.encode(batch, family, content, compression)

    def schema_content(self, family: str, content: RecordContent, widths: VectorWidths) -> bytes:
        """Return the schema as a file without rows."""
        return parquet_records.schema_bytes(parquet_records.schema(family, content, widths))

    def is_schema_of(
        self, schema: bytes, family: str, content: RecordContent, widths: VectorWidths
    ) -> bool:
        """Return whether a schema describes a job's records."""
        expected = parquet_records.schema(family, content, widths)
        return parquet_reader.is_same(parquet_reader.read_schema(schema), expected, family)

    def reader(self, family: str, content: RecordContent, widths: VectorWidths) -> RecordReader:
        """Return the reader of a job's files."""
        return ParquetReader(parquet_records.schema(family, content, widths), family)

    def reader_of(self, schema: bytes, family: str) -> RecordReader:
        """Return the reader of the files that a schema describes."""
        return ParquetReader(parquet_reader.read_schema(schema), family)


FORMAT = ParquetOutput()
