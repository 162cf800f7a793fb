"""Stream the pooled records of a job as Arrow batches: ids, one vector each, and kept fields."""

import dataclasses
from collections.abc import Iterator, Sequence

import pyarrow as pa

from pipeline import reader
from pipeline.output import run_file
from pipeline.output.layout import POOLED
from pipeline.reader import DataFile
from pipeline.vectors import field_columns
from pipeline.vectors.folder_files import FolderFiles
from transforms.documents import ID
from transforms.features import ACCOUNT, DOCUMENT_FEATURES, SENTENCE
from transforms.fields import KeptField, parse_fields
from transforms.records.output_format import RecordReader

_KEPT_FIELDS = "--keep_fields"


@dataclasses.dataclass(frozen=True)
class VectorFolder:
    """The pooled records of a job, whatever their format, stored type and compression.

    Attributes:
        folder: the output folder.
        files: its files of records.
        feature: the name of the vectors.
        dtype: the type in which they are stored; batches have float32.
        width: the number of values of a vector.
        schema: of the batches: `id` string; the feature, fixed_size_list<float32>[width]; and
            the fields that records keep, which may be null, and lists of scalars.
    """

    folder: str
    files: FolderFiles
    feature: str
    dtype: str
    width: int
    schema: pa.Schema
    _reader: RecordReader = dataclasses.field(repr=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the kept fields."""
        return tuple(name for name in self.schema.names if name not in (ID, self.feature))

    def read(self, file: DataFile) -> Iterator[pa.RecordBatch]:
        """Read the records of a file, in order, a few megabytes at a time.

        Raises:
            ValueError: the file is damaged.
            OSError: it cannot be read.
        """
        for batch in reader.read_file(self.folder, file, self._reader, self.schema.names):
            try:
                columns = [self._column(batch, field) for field in self.schema]
            except (ValueError, pa.ArrowException) as error:
                reason = str(error).splitlines()[0]
                raise ValueError(f"{self.folder}/{file.path} is damaged: {reason}") from error
            yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _column(self, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
        lists = batch.column(field.name)
        if field.name != self.feature:
            is_list = pa.types.is_list(field.type)
            convert = field_columns.listed_values if is_list else field_columns.single_values
            return convert(lists, field.type)
        values = lists.flatten()
        if len(values) != self.width * batch.num_rows:
            raise ValueError(f"a {self.feature} does not have {self.width} values")
        return pa.FixedSizeListArray.from_arrays(values, self.width)


def open_vectors(folder: str, files: FolderFiles, feature: str | None = None) -> VectorFolder:
    """Open the pooled records of a job.

    Args:
        folder: the output folder.
        files: `finished_files(folder)`, or `files_so_far(folder)`.
        feature: a feature of documents, such as `sentence`; None for `sentence`, else the
            first one of the job.

    Raises:
        ValueError: the job has no such feature, or its schema is damaged.
    """
    records = reader.open_family(folder, POOLED)
    wanted = feature or default_vector(tuple(records.vectors))
    name, (dtype, width) = reader.vector_feature(folder, records, wanted)
    kept = {field.name: field for field in _kept_fields(folder)}
    others = [one for one in records.types if one not in {ID, *ACCOUNT, *records.vectors}]
    schema = pa.schema(
        [
            pa.field(ID, pa.string(), nullable=False),
            pa.field(name, pa.list_(pa.float32(), width), nullable=False),
            *(pa.field(other, _type_of(records, other, kept.get(other))) for other in others),
        ]
    )
    return VectorFolder(folder, files, name, dtype, width, schema, records)


def default_vector(features: Sequence[str]) -> str | None:
    """Return the feature of documents to take unless the user names one; None if there is none."""
    of_documents = [name for name in features if name in DOCUMENT_FEATURES]
    return SENTENCE if SENTENCE in of_documents else next(iter(of_documents), None)


def _type_of(records: RecordReader, name: str, field: KeptField | None) -> pa.DataType:
    is_list = name in records.lists
    find = field_columns.list_type if is_list else field_columns.type_of
    return find(records.types[name], field)


def _kept_fields(folder: str) -> tuple[KeptField, ...]:
    """Return the fields that a job declares; none if the folder has no run.json."""
    run = run_file.load_run(folder)
    return parse_fields(run.configuration.get(_KEPT_FIELDS) or ()) if run else ()
