from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.pipeline.stores.loading import IDS, load, small_folder
from tests.pipeline.vectors.typed_folder import FIELDS


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    """The URL of a table that does not exist."""
    yield f"{postgres}{'&' if '?' in postgres else '?'}table=articles"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS articles")


def ask(postgres: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("SET timezone TO 'UTC'")
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("format_", ["tfrecord", "parquet"])
def test_rows_are_in_the_table(format_: str, url: str, postgres: str, tmp_path: Path) -> None:
    folder = small_folder(tmp_path, format=format_)
    status, printed = load(folder, url, "--feature", "mean")
    assert status == 0, printed
    assert "rows      5 of 5: 5 loaded, 0 were there" in printed
    rows = ask(postgres, f"SELECT id, mean::text, {', '.join(FIELDS)} FROM articles")  # noqa: S608
    found = {row[0]: row[1:] for row in rows}
    assert set(found) == set(IDS)
    assert found[IDS[1]][0] == "[4,5,6]"
    for place, (_, values) in enumerate(FIELDS.values(), start=1):
        assert [found[id_][place] for id_ in IDS] == [*values, *values[:2]]
    status, printed = load(folder, url, "--feature", "mean")
    assert "rows      5 of 5: 0 loaded, 5 were there" in printed
    assert ask(postgres, "SELECT count(*) FROM articles") == [(5,)]
