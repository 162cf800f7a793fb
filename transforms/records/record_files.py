"""Write and read files of records, in the format of their configuration."""

from collections.abc import Iterator

import pyarrow as pa

from transforms.records import output_format
from transforms.records.output_format import RecordReader
from transforms.records.record_config import RecordConfig
from transforms.vector_widths import VectorWidths


def encode(
    batch: pa.RecordBatch, family: str, config: RecordConfig
) -> Iterator[tuple[bytes | memoryview, int]]:
    """Encode embedded documents as a file; see `OutputFormat.encode`."""
    return config.file_format.encode(batch, family, config, config.compression)


def schema_content(family: str, config: RecordConfig, widths: VectorWidths) -> bytes:
    """Return the content of the schema file of a family."""
    return config.file_format.schema_content(family, config, widths)


def schema_problem(
    schema: bytes, family: str, config: RecordConfig, widths: VectorWidths
) -> str | None:
    """Return what is wrong with the content of the schema file of a family; None if it is right."""
    try:
        is_right = config.file_format.is_schema_of(schema, family, config, widths)
    except ValueError as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    return None if is_right else "is not the schema of this job's records"


def reader(family: str, config: RecordConfig, widths: VectorWidths) -> RecordReader:
    """Return the reader of a job's files."""
    return config.file_format.reader(family, config, widths)


def reader_of(schema_file: str, schema: bytes, family: str) -> RecordReader:
    """Return the reader of the files that a schema file describes.

    Args:
        schema_file: one of `schema_files`.
        schema: its content.
        family: the family whose folder contains it.

    Raises:
        ValueError: the content is not a schema of records.
    """
    formats = output_format.registry.plugins.values()
    by_schema_file = {format_.schema_file: format_ for format_ in formats}
    return by_schema_file[schema_file].reader_of(schema, family)


def schema_files() -> list[str]:
    """Return the names of the schema files of all formats."""
    return [format_.schema_file for format_ in output_format.registry.plugins.values()]


def endings() -> tuple[str, ...]:
    """Return the endings of the names of record files, of all formats."""
    return tuple(_most_expansions())


def most_expansion(path: str) -> int:
    """Return the most bytes of vectors that a byte of a file can hold, by the file's name."""
    ratios = (ratio for ending, ratio in _most_expansions().items() if path.endswith(ending))
    return max(ratios, default=1)


def _most_expansions() -> dict[str, int]:
    """Return the most expansion of files by their ending."""
    formats = output_format.registry.plugins.values()
    compressions = [one for format_ in formats for one in format_.compressions.values()]
    return {compression.ending: compression.most_expansion for compression in compressions}
