"""20,000 paragraphs with windows, embedded, loaded into PostgreSQL, and found again by vectors."""

import collections
import itertools
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row
from pyarrow import dataset

from beam_bert import Searcher
from pipeline import cli
from tests.pipeline.stores import paragraphs
from tests.pipeline.stores.loading import Place, load, load_and_die

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("place", ["pgvector"], indirect=True)]

FOUND = 10
# Differences of float32 products: vectors that are as near as this may change places.
TIE = 1e-6


class Embedded(NamedTuple):
    """An output folder, and the counts in its manifest."""

    folder: Path
    counts: dict[str, int]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    place = tmp_path_factory.mktemp("end")
    model = paragraphs.write_model(place / "model")
    words = ["--input", *paragraphs.write_corpus(place / "corpus"), "--model", str(model)]
    words += ["--id_field", "id", "--keep_fields", "title,language", "--features", "mean"]
    words += ["--rows", "windows", "--keep_text", "--max_seq_length", str(paragraphs.POSITIONS)]
    words += ["--output_format", "parquet", "--output", str(place / "out")]
    # By default 1% of the documents may be rejected.
    assert cli.main(["embed", *words, "--max_rejected", "0.02"]) == 0
    counts = json.loads((place / "out/manifest.json").read_text())["counts"]
    return Embedded(place / "out", counts)


def connected(place: Place) -> psycopg.Connection[dict[str, Any]]:
    """Connect to the database of a table."""
    server = re.sub("[?&]table=.*", "", place.url)
    return psycopg.connect(server, row_factory=dict_row, autocommit=True)


def content(place: Place) -> tuple[int, str]:
    """Return the number of rows of the table, and a hash of all their columns."""
    query = """
        SELECT count(*) AS rows, md5(string_agg(md5(row::text), '' ORDER BY id COLLATE "C")) AS hash
        FROM articles row
    """
    with connected(place) as connection:
        (row,) = connection.execute(query)
    return row["rows"], row["hash"]


def test_every_document_is_embedded_or_rejected_and_every_record_is_a_row(
    embedded: Embedded, place: Place
) -> None:
    folder, counts = embedded
    assert counts["documents"] == paragraphs.DOCUMENTS
    lines = [line for path in (folder / "rejected").iterdir() for line in path.open()]
    reasons = collections.Counter(json.loads(line)["reason"] for line in lines)
    assert reasons == paragraphs.rejected()
    records = dataset.dataset(folder / "pooled").to_table(["document_id", "num_windows"])
    by_document = collections.Counter(records["document_id"].to_pylist())
    assert len(by_document) + len(lines) == paragraphs.DOCUMENTS
    windows = zip(*(column.to_pylist() for column in records.columns), strict=True)
    assert by_document == dict(windows)
    assert max(by_document.values()) > 50
    assert load(folder, place.url)[0] == 0
    assert content(place)[0] == records.num_rows == counts["embedded"] > paragraphs.DOCUMENTS


def test_the_table_and_a_search_find_the_same_rows_in_the_same_order(
    embedded: Embedded, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(embedded.folder, place.url)[0] == 0
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path))
    texts = paragraphs.queries()
    searcher = Searcher(embedded.folder)
    for vector, hits in zip(
        searcher.embed(texts), searcher.search_texts(texts, FOUND), strict=True
    ):
        rows = nearest_rows(place, vector)
        check_order([hit.id for hit in hits], {row["id"]: row["distance"] for row in rows})
        by_id = {row["id"]: row for row in rows}
        for hit in hits:
            row = by_id[hit.id]
            assert 1 - hit.score == pytest.approx(row["distance"], abs=1e-5)
            assert hit.fields == {name: row[name] for name in hit.fields}
            assert {"title", "language", "text", "document_id", "window"} <= set(hit.fields)


def nearest_rows(place: Place, vector: np.ndarray) -> list[dict[str, Any]]:
    """Return the nearest rows by an exact search, and some more."""
    query = "SELECT *, mean <=> %s::vector AS distance FROM articles ORDER BY distance LIMIT %s"
    with connected(place) as connection:
        return connection.execute(query, (str(vector.tolist()), 2 * FOUND)).fetchall()


def check_order(ids: list[str], distances: dict[str, float]) -> None:
    """Check that ids are the nearest by distances, in order, but for ties of rounding."""
    found = [distances[id_] for id_ in ids]
    assert len(set(ids)) == FOUND
    assert all(nearer <= farther + TIE for nearer, farther in itertools.pairwise(found))
    np.testing.assert_allclose(found, sorted(distances.values())[:FOUND], rtol=0, atol=TIE)


def test_a_second_load_changes_nothing_and_a_killed_one_is_completed(
    embedded: Embedded, place: Place
) -> None:
    folder, counts = embedded
    total = counts["embedded"]
    check_load(folder, place, f"{total:,} loaded, 0 were there")
    whole = content(place)
    check_load(folder, place, f"0 loaded, {total:,} were there")
    assert content(place) == whole
    with connected(place) as connection:
        connection.execute("DROP TABLE articles")
    load_and_die(folder, place.url, writes=8, batch_bytes=1 << 20)
    assert 0 < content(place)[0] < total
    check_load(folder, place, f"{total:,} of {total:,}: ")
    assert content(place) == whole


def check_load(folder: Path, place: Place, message: str) -> None:
    status, printed = load(folder, place.url)
    assert status == 0, printed
    assert message in printed
