"""Read what a finished job wrote, in corpus order."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.manifest import load_manifest
from transforms import examples, storage
from transforms.documents import ID
from transforms.features import (
    DOCUMENT_FEATURES,
    INPUT_IDS,
    OFFSETS,
    SEGMENT_IDS,
    SEQUENCE_OUTPUT,
    TOKENS,
)

# Records decoded at once; bounds memory beside the result itself.
_CHUNK_RECORDS = 1024


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
        vectors: float32 [tokens, hidden].
        segment_ids: int64 [tokens], or None where the job was not of pairs.
        tokens: the wordpieces as text, or None without --keep_tokens.
        offsets: int64 [tokens, 2], start and end in the bytes of the document, or None likewise.
    """

    id: str
    input_ids: np.ndarray
    vectors: np.ndarray
    segment_ids: np.ndarray | None = None
    tokens: list[str] | None = None
    offsets: np.ndarray | None = None


def load_embeddings(folder: str, feature: str | None = None) -> Embeddings:
    """Load one vector a document.

    Args:
        folder: output folder of a finished `embed`.
        feature: `pooled_output`, `mean`, `cls` or `max`; None for the first that was computed.

    Raises:
        ValueError: the job is not finished, or did not compute the feature.
    """
    manifest = load_manifest(folder)
    schema = load_schema(folder, examples.POOLED)
    name, width = _vector_feature(folder, schema, feature)
    rows = sum(file["records"] for file in _files(manifest, examples.POOLED))
    vectors = np.empty([rows, width], np.float32)
    ids: list[str] = []
    for batch in _batches(folder, manifest, examples.POOLED, schema):
        values = batch.column(name).flatten().to_numpy()
        vectors[len(ids) : len(ids) + batch.num_rows] = values.reshape(batch.num_rows, width)
        ids += [value.decode() for value in batch.column(ID).flatten().to_pylist()]
    return Embeddings(ids, vectors)


def iterate_sequences(folder: str) -> Iterator[TokenEmbeddings]:
    """Go through the token vectors of all documents, one document at a time.

    Raises:
        ValueError: the job is not finished, or did not compute sequence_output.
    """
    for record in iterate_records(folder, examples.SEQUENCE):
        input_ids = np.asarray(record[INPUT_IDS], np.int64)
        vectors = np.asarray(record[SEQUENCE_OUTPUT], np.float32).reshape(len(input_ids), -1)
        yield TokenEmbeddings(
            record[ID][0].decode(),
            input_ids,
            vectors,
            segment_ids=record.get(SEGMENT_IDS),
            tokens=[token.decode() for token in record[TOKENS]] if TOKENS in record else None,
            offsets=record[OFFSETS].reshape(-1, 2) if OFFSETS in record else None,
        )


def iterate_records(folder: str, family: str) -> Iterator[dict[str, Any]]:
    """Go through the records of a family: feature name to a numpy array or a list of bytes.

    Raises:
        ValueError: the job is not finished, or has no such family.
    """
    manifest = load_manifest(folder)
    schema = load_schema(folder, family)
    for batch in _batches(folder, manifest, family, schema, chunk=16):
        for row in range(batch.num_rows):
            yield {name: _values(batch.column(name)[row].values) for name in batch.schema.names}


def load_schema(folder: str, family: str) -> schema_pb2.Schema:
    """Read the schema of a family.

    Raises:
        ValueError: the job has no such family.
    """
    text = storage.read_text(FileSystems.join(folder, family, examples.SCHEMA_FILE))
    if text is None:
        raise ValueError(f"{folder} has no {family} records: the job's --features leave them out")
    return text_format.Parse(text, schema_pb2.Schema())


def _vector_feature(folder: str, schema: schema_pb2.Schema, wanted: str | None) -> tuple[str, int]:
    vectors = {f.name: f for f in schema.feature if f.name in DOCUMENT_FEATURES}
    name = wanted or next(iter(vectors), "")
    if name not in vectors:
        raise ValueError(f"{folder} has no {name!r}; it has {', '.join(vectors)}")
    return name, vectors[name].shape.dim[0].size


def _files(manifest: dict[str, Any], family: str) -> list[dict[str, Any]]:
    files = [file for part in manifest["parts"] for file in part["files"]]
    return [file for file in files if file["path"].startswith(f"{family}/")]


def _batches(
    folder: str,
    manifest: dict[str, Any],
    family: str,
    schema: schema_pb2.Schema,
    chunk: int = _CHUNK_RECORDS,
) -> Iterator[pa.RecordBatch]:
    for file in _files(manifest, family):
        path = FileSystems.join(folder, file["path"])
        with contextlib.closing(storage.open_for_reading(path)) as stream:
            records: list[bytes] = []
            for record in examples.read_records(stream):
                records.append(record)
                if len(records) == chunk:
                    yield examples.parse(records, schema)
                    records = []
            if records:
                yield examples.parse(records, schema)


def _values(values: pa.Array | None) -> Any:
    if values is None:
        return []
    if pa.types.is_large_binary(values.type):
        return values.to_pylist()
    return values.to_numpy()
