"""What PostgreSQL alone has: names, limits, tables of others, transactions."""

from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from tests.pipeline.stores.loading import Place, load, load_and_die, small_folder
from tests.pipeline.vectors.typed_folder import (
    typed_batch,
    typed_config,
    vectors_of,
    write_typed,
)

pytestmark = pytest.mark.parametrize("place", ["pgvector"], indirect=True)


def run(postgres: str, statement: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(statement)


def test_ids_and_texts_that_it_does_not_hold_are_refused_by_name(
    place: Place, tmp_path: Path
) -> None:
    ids = ["a\0b", "x" * 3000, "good", "other"]
    part = typed_batch(ids, vectors_of(0, 4))
    texts = part.schema.get_field_index("fields.title")
    part = part.set_column(
        texts, "fields.title", pa.array(["t", "t", "t", "a\0"], pa.large_string())
    )
    folder = write_typed(tmp_path / "out", typed_config(format="parquet"), [part])
    status, printed = place.load(folder)
    assert status == 1
    assert "rows      1 of 4: 1 loaded" in printed
    assert "refused   1: id has a NUL character, which text cannot have" in printed
    assert "refused   1: title has a NUL character, which text cannot have" in printed
    assert "refused   1: id has over 2,600 bytes" in printed
    assert r"not loaded: 'a\x00b': id has a NUL" in printed
    assert set(place.rows()) == {"good"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id text PRIMARY KEY, mean vector(4)", "its column mean is vector(4), not vector(3)"),
        ("id text PRIMARY KEY", "its column mean is missing, not vector(3)"),
    ],
)
def test_a_table_of_others_is_not_changed(
    place: Place, postgres: str, table: str, message: str, tmp_path: Path
) -> None:
    run(postgres, "CREATE EXTENSION IF NOT EXISTS vector")
    run(postgres, f"CREATE TABLE articles ({table})")
    status, printed = place.load(small_folder(tmp_path / "out", format="parquet"))
    assert status == 2
    assert f"the table articles exists, and {message}: name another table" in printed
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) FROM articles").fetchone() == (0,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("table=a.b.c", "the table is 'a.b.c'; name one with NAME or SCHEMA.NAME"),
        ("table=.", "the table is '.'; name one with NAME or SCHEMA.NAME"),
        ("table=a&sslmod=x", 'libpq does not accept this URL: invalid URI query parameter: "sslmo'),
    ],
)
def test_a_url_that_names_no_table_is_wrong_usage(
    place: Place, postgres: str, parameters: str, message: str, tmp_path: Path
) -> None:
    del place
    folder = small_folder(tmp_path / "out", format="parquet")
    status, printed = load(folder, f"{postgres}&{parameters}")
    assert (status, message in printed) == (2, True), printed


def test_parameters_of_libpq_may_have_spaces_and_pluses(place: Place, tmp_path: Path) -> None:
    options = "options=-c%20work_mem%3D8MB&application_name=a+b"
    folder = small_folder(tmp_path / "out", format="parquet")
    status, printed = load(folder, f"{place.url}&{options}", "--feature", "mean")
    assert status == 0, printed


def test_a_table_whose_ids_may_repeat_is_refused(
    place: Place, postgres: str, tmp_path: Path
) -> None:
    folder = small_folder(tmp_path / "out", format="parquet")
    assert place.load(folder)[0] == 0
    run(postgres, "ALTER TABLE articles DROP CONSTRAINT articles_pkey")
    status, printed = place.load(folder)
    assert (status, "its column id is not unique" in printed) == (2, True)


def test_columns_of_the_user_stay(place: Place, postgres: str, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "out", format="parquet")
    assert place.load(folder)[0] == 0
    run(postgres, "ALTER TABLE articles ADD COLUMN note text DEFAULT 'n'")
    run(postgres, "UPDATE articles SET note = 'mine', _part = 'old'")
    assert place.load(folder)[0] == 0
    assert {row["note"] for _, row in place.rows().values()} == {"mine"}


def test_a_database_without_the_extension_is_refused_with_the_remedy(
    place: Place, postgres: str, tmp_path: Path
) -> None:
    del place
    run(postgres, "CREATE DATABASE bare")
    run(postgres, "CREATE ROLE plain LOGIN")
    folder = small_folder(tmp_path / "out", format="parquet")
    server = postgres.partition("?")[2]
    status, printed = load(folder, f"postgresql://plain@/bare?{server}&table=a")
    run(postgres, "DROP DATABASE bare")
    assert status == 2, printed
    assert "permission denied to create extension" in printed
    assert "run CREATE EXTENSION vector as an owner of the database" in printed


@pytest.mark.slow
def test_a_killed_load_is_completed(place: Place, tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "out", format="parquet")
    load_and_die(folder, place.url, "--feature", "mean", writes=3, batch_bytes=1)
    assert len(place.rows()) == 2
    status, printed = place.load(folder)
    assert status == 0, printed
    assert "rows      5 of 5: 5 loaded, 0 were there" in printed
