"""Read what a finished job wrote, in corpus order.

An output folder may come from anywhere: whatever stands in it, nothing outside of it is opened, and
what is not as a job leaves it is a ValueError that names the file.
"""

import contextlib
import itertools
import os
from collections.abc import Container, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.manifest import DATA_FOLDERS, MANIFEST_FILE, load_manifest
from transforms import checked_json, examples, storage, tfrecord
from transforms.documents import ID
from transforms.dtypes import ITEM_BYTES
from transforms.features import (
    ACCOUNT,
    DOCUMENT_FEATURES,
    FLOAT32,
    INPUT_IDS,
    LAYERS,
    OFFSETS,
    SEGMENT_IDS,
    SEQUENCE_OUTPUT,
    TOKEN_FEATURES,
    TOKENS,
)

# Records decoded at once; bounds memory beside the result itself.
_CHUNK_RECORDS = 1024
# Characters of a path that a message shows.
_SHOWN = 200
_VECTORS = (*DOCUMENT_FEATURES, *TOKEN_FEATURES)
_TYPES = {
    **dict.fromkeys(_VECTORS, schema_pb2.FLOAT),
    **dict.fromkeys((*ACCOUNT, INPUT_IDS, SEGMENT_IDS, OFFSETS), schema_pb2.INT),
}


class DataFile(NamedTuple):
    """A file of records, as the manifest tells of it: path within the folder, and records."""

    path: str
    records: int


class Embeddings(NamedTuple):
    """Vectors of all documents.

    Attributes:
        ids: of each document, in corpus order.
        vectors: float32 [documents, hidden].
    """

    ids: list[str]
    vectors: np.ndarray


class TokenEmbeddings(NamedTuple):
    """Vectors of one document's tokens.

    Attributes:
        id: of the document.
        input_ids: int64 [tokens].
        vectors: float32 [tokens, hidden], of sequence_output; of layers where only these are there.
        segment_ids: int64 [tokens], or None where the job was not of pairs.
        tokens: the wordpieces as text, or None without --keep_tokens.
        offsets: int64 [tokens, 2], start and end in the bytes of the document, or None likewise.
        layers: float32 [tokens, layers * hidden], or None where the job was not asked for layers.
    """

    id: str
    input_ids: np.ndarray
    vectors: np.ndarray
    segment_ids: np.ndarray | None = None
    tokens: list[str] | None = None
    offsets: np.ndarray | None = None
    layers: np.ndarray | None = None


def load_embeddings(folder: str, feature: str | None = None) -> Embeddings:
    """Load one vector a document.

    Args:
        folder: output folder of a finished `embed`.
        feature: `pooled_output`, `mean`, `cls` or `max`; None for the first that was computed.

    Raises:
        ValueError: the job is not finished, or did not compute the feature.
    """
    files = list_files(folder, examples.POOLED)
    schema = load_schema(folder, examples.POOLED)
    name, width = _vector_feature(folder, schema, feature)
    vectors = np.empty([_count_rows(folder, files, schema, width), width], np.float32)
    ids: list[str] = []
    for batch in _batches(folder, files, schema):
        values = batch.column(name).flatten().to_numpy()
        if len(values) != batch.num_rows * width:
            raise ValueError(f"{folder}: {name} of a record has not {width} values")
        vectors[len(ids) : len(ids) + batch.num_rows] = values.reshape(batch.num_rows, width)
        ids += [value.decode() for value in batch.column(ID).flatten().to_pylist()]
    return Embeddings(ids, vectors)


def _count_rows(folder: str, files: list[DataFile], schema: schema_pb2.Schema, width: int) -> int:
    """Count the records, if so many vectors can stand in the files."""
    rows = sum(file.records for file in files)
    held = sum(storage.identify(_path(folder, file.path))[0] for file in files)
    least = min(ITEM_BYTES.values()) if examples.stored_types(schema) else ITEM_BYTES[FLOAT32]
    if rows * width * least > held:
        raise ValueError(
            f"{folder}/{MANIFEST_FILE} is damaged: {rows} vectors of {width} are more than its "
            f"files hold, which have {held} bytes"
        )
    return rows


def iterate_sequences(folder: str) -> Iterator[TokenEmbeddings]:
    """Go through the token vectors of all documents, one document at a time.

    Raises:
        ValueError: the job is not finished, or did not compute a feature of tokens.
    """
    for record in iterate_records(folder, examples.SEQUENCE):
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
        )


def iterate_records(folder: str, family: str) -> Iterator[dict[str, Any]]:
    """Go through the records of a family: feature name to a numpy array or a list of bytes.

    Raises:
        ValueError: the job is not finished, or has no such family.
    """
    files = list_files(folder, family)
    schema = load_schema(folder, family)
    for batch in _batches(folder, files, schema, chunk=16):
        for row in range(batch.num_rows):
            yield {name: _values(batch.column(name)[row].values) for name in batch.schema.names}


def list_files(folder: str, family: str) -> list[DataFile]:
    """List the files of a family in corpus order, by the manifest.

    Raises:
        ValueError: the job is not finished, or the manifest is damaged.
    """
    storage.refuse_links(folder, (MANIFEST_FILE, *DATA_FOLDERS))
    manifest = load_manifest(folder)
    try:
        parts = checked_json.items(manifest, "parts")
        told = [file for part in parts for file in checked_json.items(part, "files")]
        files = [
            DataFile(checked_json.text(file, "path"), checked_json.whole(file, "records"))
            for file in told
        ]
        if len({file.path for file in files}) < len(files):
            raise ValueError("it tells of a file twice")
    except ValueError as error:
        raise ValueError(f"{folder}/{MANIFEST_FILE} is damaged: {error}") from error
    return [file for file in files if file.path.startswith(f"{family}/")]


def load_schema(folder: str, family: str) -> schema_pb2.Schema:
    """Read the schema of a family.

    Raises:
        ValueError: the job has no such family, or its schema is not of our records.
    """
    path = f"{family}/{examples.SCHEMA_FILE}"
    text = storage.read_text(storage.within(folder, path))
    if text is None:
        raise ValueError(f"{folder} has no {family} records: the job's --features leave them out")
    try:
        schema = text_format.Parse(text, schema_pb2.Schema())
    except (text_format.ParseError, RecursionError) as error:
        raise ValueError(f"{folder}/{path} is damaged: {error}") from error
    types = {feature.name: feature.type for feature in schema.feature}
    stored = dict.fromkeys(examples.stored_types(schema), schema_pb2.BYTES)
    expected = _TYPES | stored
    wrong = [name for name in types if types[name] != expected.get(name, types[name])]
    wrong += [name for name in stored if name not in _VECTORS]
    if wrong or not _is_whole(types, family) or len(types) < len(schema.feature):
        raise ValueError(f"{folder}/{path} is not the schema of records of a job")
    return schema


def _is_whole(names: Container[str], family: str) -> bool:
    """Whether a schema has what no records of a family lack."""
    if any(name not in names for name in (ID, *ACCOUNT)):
        return False
    if family == examples.POOLED:
        return True
    return INPUT_IDS in names and any(name in names for name in TOKEN_FEATURES)


def _vector_feature(folder: str, schema: schema_pb2.Schema, wanted: str | None) -> tuple[str, int]:
    vectors = {f.name: f for f in schema.feature if f.name in DOCUMENT_FEATURES}
    name = wanted or next(iter(vectors), "")
    if name not in vectors:
        raise ValueError(f"{folder} has no {name!r}; it has {', '.join(vectors)}")
    stored = examples.stored_types(schema).get(name)
    sizes = [dim.size for dim in vectors[name].shape.dim] if stored is None else [stored[1]]
    if len(sizes) != 1 or sizes[0] < 1:
        raise ValueError(f"{folder}: the schema does not tell the size of {name}")
    return name, sizes[0]


def _batches(
    folder: str, files: list[DataFile], schema: schema_pb2.Schema, chunk: int = _CHUNK_RECORDS
) -> Iterator[pa.RecordBatch]:
    """Decode the records of some files; each has to have as many as the manifest tells."""
    for file in files:
        with contextlib.closing(storage.open_for_reading(_path(folder, file.path))) as stream:
            left = file.records
            for records in _chunks(tfrecord.read_records(stream), chunk):
                left -= len(records)
                yield _decode(records, schema, file.path)
        if left:
            raise ValueError(f"{folder}/{file.path} has not the {file.records} records of its part")


def _chunks(records: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while chunk := list(itertools.islice(records, size)):
        yield chunk


def _decode(records: list[bytes], schema: schema_pb2.Schema, path: str) -> pa.RecordBatch:
    try:
        batch = examples.parse(records, schema)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    for name in (ID, *ACCOUNT):
        lengths = pc.fill_null(pc.list_value_length(batch.column(name)), 0)
        if not pc.all(pc.equal(lengths, 1)).as_py():
            raise ValueError(f"{path} is damaged: a record has not one {name}")
    return batch


def _path(folder: str, path: str) -> str:
    """Join a folder and the path of a file of records that must be in it."""
    joined = storage.within(folder, path)
    if "://" not in folder and not os.path.isfile(joined):
        raise ValueError(f"{folder}/{path[:_SHOWN]} is missing")
    return joined


def _values(values: pa.Array | None) -> Any:
    if values is None:
        return []
    if pa.types.is_large_binary(values.type):
        return values.to_pylist()
    return values.to_numpy()
