import unittest.mock
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.stores.loading import Place
from tests.pipeline.stores.stored_rows import READERS
from tests.postgres_server import postgres  # noqa: F401  (a fixture)


@pytest.fixture(params=READERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A table of each store, which does not exist yet."""
    urls = {
        "qdrant": f"qdrant:{tmp_path}/q?collection=articles",
        "lancedb": f"lancedb:{tmp_path}/l?table=articles",
        "milvus": f"milvus:{tmp_path}/m.db?collection=articles",
        "faiss": f"faiss:{tmp_path}/f.index",
    }
    if request.param == "milvus":
        _import_pymilvus()
    if request.param != "pgvector":
        yield Place(request.param, urls[request.param])
        return
    import psycopg

    server = request.getfixturevalue("postgres")
    yield Place(request.param, f"{server}{'&' if '?' in server else '?'}table=articles")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS articles")


def _import_pymilvus() -> None:
    """Import it without its settings of logs, which close the stream that pytest captures."""
    with unittest.mock.patch("logging.config.dictConfig"):
        import pymilvus  # noqa: F401
