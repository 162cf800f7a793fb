"""Chunks from BertHubEmbeddings in the stores that Beam itself writes to.

The servers are real: PostgreSQL with pgvector, Qdrant in its local mode, Milvus Lite. Only the JDBC
of Beam's writer for PostgreSQL, which is Java, is replaced: psycopg executes Beam's statement with
Beam's records.
"""

import typing
import unittest.mock
import uuid
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.ml.rag.chunking.base import ChunkingTransformProvider
from apache_beam.ml.rag.ingestion import postgres as beam_postgres
from apache_beam.ml.rag.ingestion.base import (
    VectorDatabaseWriteConfig,
    VectorDatabaseWriteTransform,
)
from apache_beam.ml.rag.ingestion.jdbc_common import ConnectionConfig
from apache_beam.ml.rag.types import Chunk, Content
from apache_beam.ml.transforms.base import MLTransform
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.postgres_server import postgres  # noqa: F401 - a fixture
from transforms.elements.hub_embeddings import BertHubEmbeddings

DOCUMENTS = [
    {"source": "a", "text": "the cat sat. a dog"},
    {"source": "b", "text": "a mat. the dog ran"},
]
TEXTS = {"a": ["the cat sat", "a dog"], "b": ["a mat", "the dog ran"]}
WIDTH = 16


class _SplitSentences(beam.DoFn):
    def process(self, document: dict) -> typing.Iterator[Chunk]:
        for index, text in enumerate(document["text"].split(". ")):
            yield Chunk(Content(text=text), index=index, metadata={"source": document["source"]})


class Sentences(ChunkingTransformProvider):
    """The smallest chunking provider."""

    def get_splitter_transform(self) -> beam.PTransform:
        return beam.ParDo(_SplitSentences())


def chunk_id(chunk: Chunk) -> str:
    """Return the same id for the same chunk; Qdrant takes numbers and UUIDs."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{chunk.metadata['source']}#{chunk.index}"))


def write(model: Path, artifacts: Path, config: VectorDatabaseWriteConfig) -> None:
    """Chunk, embed and write the documents."""
    step = MLTransform(write_artifact_location=str(artifacts))
    step = step.with_transform(Sentences(chunk_id)).with_transform(
        BertHubEmbeddings(model=str(model), engine="tensorflow", max_seq_length=8)
    )
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        chunks = pipeline | beam.Create(DOCUMENTS) | step
        _ = chunks | VectorDatabaseWriteTransform(config)


def vectors(model: Path) -> dict[str, list[float]]:
    handler = BertHubEmbeddings(
        model=str(model), engine="tensorflow", max_seq_length=8
    ).get_model_handler()
    texts = [text for of_document in TEXTS.values() for text in of_document]
    found = handler.run_inference(texts, handler.load_model())
    return dict(zip(texts, found, strict=True))


def write_twice(
    model: Path, folder: Path, config: VectorDatabaseWriteConfig, count: Callable[[], int]
) -> None:
    """Write the documents twice: the second time changes nothing, since ids are the same."""
    for attempt in ("first", "second"):
        write(model, folder / attempt, config)
        assert count() == 4


def test_qdrant(tiny_path: Path, tmp_path: Path) -> None:
    import qdrant_client
    from apache_beam.ml.rag.ingestion.qdrant import QdrantConnectionParameters, QdrantWriteConfig

    path = str(tmp_path / "qdrant")
    client = qdrant_client.QdrantClient(path=path)
    parameters = qdrant_client.models.VectorParams(size=WIDTH, distance="Cosine")
    client.create_collection("sentences", vectors_config={"dense": parameters})
    client.close()
    config = QdrantWriteConfig(QdrantConnectionParameters.local(path), "sentences")

    def count() -> int:
        client = qdrant_client.QdrantClient(path=path)
        number = client.count("sentences").count
        client.close()
        return number

    write_twice(tiny_path, tmp_path, config, count)
    client = qdrant_client.QdrantClient(path=path)
    for text, vector in vectors(tiny_path).items():
        (nearest,) = client.query_points("sentences", query=vector, using="dense", limit=1).points
        source = nearest.payload["source"]
        assert text in TEXTS[source]
        index = TEXTS[source].index(text)
        assert nearest.id == chunk_id(Chunk(Content(text), index=index, metadata=nearest.payload))
    client.close()


def test_milvus_lite(tiny_path: Path, tmp_path: Path) -> None:
    # Its settings of logs would close the stream that pytest captures.
    with unittest.mock.patch("logging.config.dictConfig"):
        import pymilvus
    from apache_beam.ml.rag.ingestion.milvus_search import (
        MilvusVectorWriterConfig,
        MilvusWriteConfig,
    )
    from apache_beam.ml.rag.ingestion.postgres_common import ColumnSpecsBuilder
    from apache_beam.ml.rag.utils import MilvusConnectionParameters

    uri = str(tmp_path / "milvus.db")
    client = pymilvus.MilvusClient(uri)
    client.create_collection(
        "sentences", WIDTH, id_type="string", max_length=64, vector_field_name="embedding"
    )
    columns = (
        ColumnSpecsBuilder()
        .with_id_spec()
        .with_embedding_spec(convert_fn=list)
        .with_content_spec()
        .with_metadata_spec(convert_fn=dict)
        .build()
    )
    config = MilvusVectorWriterConfig(
        MilvusConnectionParameters(uri=uri), MilvusWriteConfig("sentences"), columns
    )

    def count() -> int:
        return client.query("sentences", output_fields=["count(*)"])[0]["count(*)"]

    write_twice(tiny_path, tmp_path, config, count)
    for text, vector in vectors(tiny_path).items():
        ((nearest,),) = client.search(
            "sentences", [vector], limit=1, output_fields=["content", "metadata"]
        )
        assert nearest["entity"]["content"] == text
        assert text in TEXTS[nearest["entity"]["metadata"]["source"]]
    client.close()


class _Execute(beam.DoFn):
    """Executes a statement of JDBC for each record."""

    def __init__(self, url: str, statement: str) -> None:
        self._url = url
        self._statement = statement.replace("?", "%s")

    def process(self, record: typing.Any) -> typing.Iterator[None]:
        import psycopg

        with psycopg.connect(self._url) as connection:
            connection.execute(self._statement, tuple(record))
        yield None


class _WriteByPsycopg(beam.PTransform):
    """Takes the arguments of WriteToJdbc that name the statement and the server."""

    def __init__(self, *, statement: str, jdbc_url: str, **_: object) -> None:
        super().__init__()
        self._statement = statement
        self._url = jdbc_url.removeprefix("jdbc:")

    def expand(self, records: beam.PCollection) -> beam.PCollection:
        return records | beam.ParDo(_Execute(self._url, self._statement))


@pytest.mark.slow
def test_postgresql_with_pgvector(
    tiny_path: Path,
    tmp_path: Path,
    postgres: str,  # noqa: F811 - a fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import psycopg

    monkeypatch.setattr(beam_postgres, "WriteToJdbc", _WriteByPsycopg)
    connection = psycopg.connect(postgres, autocommit=True)
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.execute(
        f"CREATE TABLE sentences (id text PRIMARY KEY, embedding vector({WIDTH}), "
        "content text, metadata jsonb)"
    )
    config = beam_postgres.PostgresVectorWriterConfig(
        ConnectionConfig(f"jdbc:{postgres}", "postgres", ""), "sentences"
    )

    def count() -> int:
        return connection.execute("SELECT count(*) FROM sentences").fetchone()[0]

    write_twice(tiny_path, tmp_path, config, count)
    nearest = "SELECT content, metadata->>'source', embedding::text FROM sentences "
    nearest += "ORDER BY embedding <=> %s::vector LIMIT 1"
    for text, vector in vectors(tiny_path).items():
        content, source, stored = connection.execute(nearest, (str(vector),)).fetchone()
        assert content == text
        assert text in TEXTS[source]
        np.testing.assert_allclose(np.fromstring(stored.strip("[]"), sep=","), vector, atol=1e-6)
    connection.execute("DROP TABLE sentences")
    connection.close()
