import contextlib
import unittest.mock
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.stores.loading import Place, place_of
from tests.pipeline.stores.stored_rows import READERS
from tests.postgres_server import postgres  # noqa: F401  (a fixture)


@pytest.fixture(params=READERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A table of each store, which does not exist yet."""
    if request.param != "pgvector":
        yield place_of(request.param, tmp_path)
        return
    import psycopg

    server = request.getfixturevalue("postgres")
    yield Place(request.param, f"{server}{'&' if '?' in server else '?'}table=articles")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS articles")


@pytest.fixture(scope="session", autouse=True)
def _imported_pymilvus() -> None:
    """Import it without its settings of logs, which close the stream that pytest captures."""
    with unittest.mock.patch("logging.config.dictConfig"), contextlib.suppress(ImportError):
        import pymilvus  # noqa: F401
