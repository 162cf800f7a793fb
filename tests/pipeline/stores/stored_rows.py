"""Read what stores have, by their own clients."""

import json
from typing import Any

from pipeline.stores.store_address import parse_address

Rows = dict[str, tuple[list[float], dict[str, Any]]]


def read_pgvector(url: str) -> Rows:
    import psycopg

    server, _, name = url.rpartition("table=")
    with psycopg.connect(server[:-1]) as connection:
        connection.execute("SET timezone TO 'UTC'")
        cursor = connection.execute(f'SELECT mean::text, * FROM "{name}"')  # noqa: S608
        names = [column.name for column in cursor.description or ()][1:]
        rows = [(row[0], dict(zip(names, row[1:], strict=True))) for row in cursor]
    return {row["id"]: (json.loads(vector), row) for vector, row in rows}


def read_qdrant(url: str) -> Rows:
    from qdrant_client import QdrantClient

    address = parse_address(url)
    client = QdrantClient(path=address.path)
    points, _ = client.scroll(address.name, limit=1000, with_vectors=True)
    client.close()
    return {point.payload["id"]: (list(point.vector), point.payload) for point in points}


def read_lancedb(url: str) -> Rows:
    import lancedb

    address = parse_address(url)
    rows = lancedb.connect(address.path).open_table(address.name).to_arrow().to_pylist()
    return {row["id"]: (row["mean"], row) for row in rows}


def read_milvus(url: str) -> Rows:
    from pymilvus import MilvusClient

    address = parse_address(url)
    client = MilvusClient(address.path)
    client.load_collection(address.name)
    rows = client.query(address.name, filter="id >= ''", output_fields=["*"])
    client.close()
    return {row["id"]: ([float(one) for one in row["mean"]], row) for row in rows}


def read_faiss(url: str) -> Rows:
    import faiss
    from pyarrow import parquet

    path = parse_address(url).path
    index = faiss.read_index(path)
    rows = parquet.read_table(f"{path}.rows.parquet").to_pylist()
    assert index.ntotal == len(rows)
    vectors = index.reconstruct_n(0, len(rows)).tolist() if rows else []
    return {row["id"]: (vector, row) for row, vector in zip(rows, vectors, strict=True)}


READERS = {
    "pgvector": read_pgvector,
    "qdrant": read_qdrant,
    "lancedb": read_lancedb,
    "milvus": read_milvus,
    "faiss": read_faiss,
}
