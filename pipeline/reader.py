"""Read the records of a finished job, in corpus order.

An output folder may come from anywhere: whatever it contains, no file outside of it is opened, and
a file that no job wrote so raises a ValueError that names it.
"""

import contextlib
import os
from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.generations.kept_files import MANIFESTS, manifest_in
from pipeline.inputs.job_names import RUN_FILE
from pipeline.manifest import DATA_FOLDERS, MANIFEST_FILE, iterate_parts
from pipeline.releases import folder_rule
from transforms.documents import ID
from transforms.features import (
    ACCOUNT,
    DOCUMENT_FEATURES,
    FIELDS_OF_TOKENS,
    INPUT_IDS,
    LAYERS,
    OFFSETS,
    SEGMENT_IDS,
    SEQUENCE_OUTPUT,
    TOKEN_FEATURES,
    TOKENS,
)
from transforms.io import file_systems, local_status, storage
from transforms.io.block_ends import ANYWHERE, BlockEnds
from transforms.machine.array_memory import fill_at_once
from transforms.records import record_files
from transforms.records.dtypes import NUMPY_TYPES
from transforms.records.output_format import RecordReader
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.strict_json import Count

# Characters of a path that a message shows.
_SHOWN = 200


class DataFile(msgspec.Struct, frozen=True, gc=False):
    """A file of records in the manifest.

    Attributes:
        path: within the folder.
        records: their number.
        sha256: of the file.
    """

    path: str
    records: Count
    sha256: str = ""


class _Part(msgspec.Struct, gc=False):
    files: tuple[DataFile, ...]


class Embeddings(NamedTuple):
    """Vectors of all documents.

    Attributes:
        ids: ids of the documents, in corpus order.
        vectors: float32 [documents, hidden].
    """

    ids: list[str]
    vectors: np.ndarray


class TokenEmbeddings(NamedTuple):
    """Vectors of the tokens of one document.

    Attributes:
        id: id of the document.
        input_ids: int64 [tokens].
        vectors: float32 [tokens, hidden], sequence_output; the layers if the job computed only
            these.
        segment_ids: int64 [tokens], or None if the job had no pairs.
        tokens: the wordpieces as text, or None without --keep_tokens.
        offsets: int64 [tokens, 2], start and end in the bytes of the document, or of the field with
            --text_template; None without --keep_tokens.
        layers: float32 [tokens, layers * hidden], or None if the job did not compute layers.
        token_fields: int64 [tokens], the number of the field of --text_template in which each token
            is, -1 for none; or None without that flag and --keep_tokens.
    """

    id: str
    input_ids: np.ndarray
    vectors: np.ndarray
    segment_ids: np.ndarray | None = None
    tokens: list[str] | None = None
    offsets: np.ndarray | None = None
    layers: np.ndarray | None = None
    token_fields: np.ndarray | None = None


def load_embeddings(
    folder: str | os.PathLike[str], feature: str | None = None, *, generation: int | None = None
) -> Embeddings:
    """Load one vector for each document.

    Args:
        folder: output folder of a finished `embed`.
        feature: one of documents, such as `sentence` or `mean`; None for the first one of the job.
        generation: the number of one that the folder keeps; None for the newest finished one.

    Raises:
        ValueError: the job is not finished, or did not compute the feature, or the folder does not
            keep the generation.
    """
    folder = os.fspath(folder)
    files = list_files(folder, POOLED, generation)
    reader = open_family(folder, POOLED)
    name, (dtype, width) = vector_feature(folder, reader, feature)
    vectors = _new_vectors(folder, files, width, NUMPY_TYPES[dtype].itemsize)
    ids: list[str] = []
    for batch in _batches(folder, files, reader, (ID, name)):
        values = batch.column(name).flatten().to_numpy()
        if len(values) != batch.num_rows * width or len(ids) + batch.num_rows > len(vectors):
            raise ValueError(f"{folder}: {name} of a record does not have {width} values")
        vectors[len(ids) : len(ids) + batch.num_rows] = values.reshape(batch.num_rows, width)
        ids += _texts(batch.column(ID).flatten())
    return Embeddings(ids, vectors)


def _texts(values: pa.LargeBinaryArray) -> list[str]:
    """Decode UTF-8; numpy's list of them takes a third of the time of Arrow's."""
    texts: list[str] = values.cast(pa.large_string()).to_numpy(zero_copy_only=False).tolist()
    return texts


def _new_vectors(folder: str, files: list[DataFile], width: int, value_bytes: int) -> np.ndarray:
    """Allocate the vectors, after a check that the files are large enough for so many."""
    rows = sum(file.records for file in files)
    size = sum(storage.identify(_path(folder, file.path))[0] for file in files)
    ratio = max((record_files.most_expansion(file.path) for file in files), default=1)
    stored = rows * width * value_bytes
    if stored > size * ratio:
        raise ValueError(
            f"{folder}/{MANIFEST_FILE} is damaged: {rows} vectors of {width * value_bytes} bytes "
            f"do not fit into its files, which have {size} bytes"
        )
    # What only compressed files could hold takes memory as it is read.
    allocate = fill_at_once if stored <= size else np.empty
    return allocate((rows, width), np.dtype(np.float32))


def iterate_sequences(
    folder: str | os.PathLike[str], *, generation: int | None = None
) -> Iterator[TokenEmbeddings]:
    """Iterate over the token vectors of all documents, one document at a time.

    Args:
        folder: output folder of a finished `embed`.
        generation: as of `load_embeddings`.

    Raises:
        ValueError: the job is not finished, or did not compute a token feature, or the folder does
            not keep the generation.
    """
    for record in iterate_records(os.fspath(folder), SEQUENCE, generation=generation):
        input_ids = np.asarray(record[INPUT_IDS], np.int64)
        vectors = {
            name: np.asarray(record[name], np.float32).reshape(len(input_ids), -1)
            for name in TOKEN_FEATURES
            if name in record
        }
        yield TokenEmbeddings(
            record[ID][0].decode(),
            input_ids,
            vectors[SEQUENCE_OUTPUT if SEQUENCE_OUTPUT in vectors else LAYERS],
            segment_ids=record.get(SEGMENT_IDS),
            tokens=[token.decode() for token in record[TOKENS]] if TOKENS in record else None,
            offsets=record[OFFSETS].reshape(-1, 2) if OFFSETS in record else None,
            layers=vectors.get(LAYERS),
            token_fields=record.get(FIELDS_OF_TOKENS),
        )


def iterate_records(
    folder: str, family: str, *, generation: int | None = None
) -> Generator[dict[str, Any], None, None]:
    """Iterate over the records of a family: feature name to a numpy array or a list of bytes.

    A kept field with one value is a list of it. A list of scalars is itself; of other nested fields
    the value is their JSON.

    Args:
        folder: output folder of a finished `embed`.
        family: `pooled` or `sequence`.
        generation: as of `load_embeddings`.

    Raises:
        ValueError: the job is not finished, or has no such family, or the folder does not keep the
            generation.
    """
    files = list_files(folder, family, generation)
    reader = open_family(folder, family)
    for batch in _batches(folder, files, reader, None):
        for row in range(batch.num_rows):
            yield {name: _values(batch.column(name)[row].values) for name in batch.schema.names}


def list_files(folder: str, family: str, generation: int | None = None) -> list[DataFile]:
    """List the files of a family in corpus order, as in the manifest.

    Args:
        folder: output folder of a finished `embed`.
        family: `pooled` or `sequence`.
        generation: as of `load_embeddings`.

    Raises:
        OtherReleaseError: the folder is of another release, which has to open it.
        ValueError: the job is not finished, the folder does not keep the generation, or its
            manifest is damaged.
    """
    file_systems.set_default_options([folder])
    storage.check_no_links(folder, (RUN_FILE, MANIFEST_FILE, MANIFESTS, *DATA_FOLDERS))
    folder_rule.check_reading(storage.join(folder, RUN_FILE))
    name = manifest_in(folder, generation)
    files = [file for part in iterate_parts(folder, _Part, name) for file in part.files]
    if generation is not None and name == MANIFEST_FILE:
        # If it was replaced in between, it was kept before.
        kept = manifest_in(folder, generation)
        if kept != name:
            parts = iterate_parts(folder, _Part, kept)
            files = [file for part in parts for file in part.files]
    if len({file.path for file in files}) < len(files):
        raise ValueError(f"{folder}/{name} is damaged: it names a file twice")
    return [file for file in files if file.path.startswith(f"{family}/")]


def open_family(folder: str, family: str) -> RecordReader:
    """Read the schema of a family, and make the reader of its records.

    Raises:
        ValueError: the job has no such family, or its schema is not one of this format.
    """
    for name in record_files.schema_files():
        path = f"{family}/{name}"
        content = storage.read_bytes(storage.within(folder, path))
        if content is None:
            continue
        try:
            return record_files.reader_of(name, content, family)
        except ValueError as error:
            raise ValueError(f"{folder}/{path} is damaged: {error}") from error
    raise ValueError(f"{folder} has no {family} records: the job's --features leave them out")


def vector_feature(
    folder: str, reader: RecordReader, wanted: str | None
) -> tuple[str, tuple[str, int]]:
    """Find a document feature; return its name, stored type and width.

    Args:
        folder: of the job.
        reader: of its pooled records.
        wanted: the name; None for the first feature of the job.

    Raises:
        ValueError: the records do not have it.
    """
    vectors = {name: kind for name, kind in reader.vectors.items() if name in DOCUMENT_FEATURES}
    name = wanted or next(iter(vectors), "")
    if name not in vectors:
        raise ValueError(f"{folder} has no {name!r}; it has {', '.join(vectors)}")
    if vectors[name][1] < 1:
        raise ValueError(f"{folder}: the schema has no size of {name}")
    return name, vectors[name]


def _batches(
    folder: str, files: list[DataFile], reader: RecordReader, columns: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    for file in files:
        yield from read_file(folder, file, reader, columns)


def read_file(
    folder: str,
    file: DataFile,
    reader: RecordReader,
    columns: Sequence[str] | None = None,
    ends: BlockEnds = ANYWHERE,
) -> Iterator[pa.RecordBatch]:
    """Decode the records of a file; check that it has the number of records in the manifest.

    Args:
        folder: of the job.
        file: one of `list_files`.
        reader: of its family.
        columns: the features to read; None for all.
        ends: where batches should end.

    Raises:
        ValueError: the file is damaged.
    """
    missing = file.records
    with contextlib.closing(storage.open_for_reading(_path(folder, file.path))) as stream:
        for batch in _decoded(reader.read(stream, columns, ends), file.path):
            missing -= batch.num_rows
            yield batch
    if missing:
        raise ValueError(
            f"{folder}/{file.path} does not have the {file.records} records of its part"
        )


def _decoded(batches: Iterator[pa.RecordBatch], path: str) -> Iterator[pa.RecordBatch]:
    try:
        for batch in batches:
            for name in {ID, *ACCOUNT} & {*batch.schema.names}:
                lengths = pc.fill_null(pc.list_value_length(batch.column(name)), 0)
                if not pc.all(pc.equal(lengths, 1)).as_py():
                    raise ValueError(f"a record does not have one {name}")
            yield batch
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {str(error).splitlines()[0]}") from error


def _path(folder: str, path: str) -> str:
    """Join a folder and the path of a file of records in it."""
    joined = storage.within(folder, path)
    if "://" not in folder and local_status.file_size(joined) is None:
        raise ValueError(f"{folder}/{path[:_SHOWN]} is missing")
    return joined


def _values(values: pa.Array | None) -> Any:
    if values is None:
        return []
    # A list of a kept field may have nulls, which numpy would turn into NaN.
    if pa.types.is_large_binary(values.type) or values.null_count:
        return values.to_pylist()
    return values.to_numpy()
