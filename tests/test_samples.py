"""The sample corpus is what samples/README.md says it is."""

import json
import unicodedata

from pipeline.evaluation.pair_file import read_pairs
from pipeline.evaluation.relevance_file import read_judgments
from pipeline.search.query_file import read_queries
from tests.paths import SAMPLES

SCRIPTS = (
    *("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "TAMIL", "THAI"),
    *("CJK", "HIRAGANA", "HANGUL", "GEORGIAN", "ETHIOPIC"),
)


def texts() -> list[str]:
    lines = (SAMPLES / "sentences.txt").read_text("utf-8").splitlines()
    articles = (SAMPLES / "articles.jsonl").read_text("utf-8").splitlines()
    return lines + [json.loads(line)["text"] for line in articles]


def test_there_are_hundreds_of_documents_of_all_lengths() -> None:
    counts = sorted(len(text.split()) for text in texts())
    assert len(counts) >= 200
    assert len(set(texts())) == len(counts)
    assert sum(count >= 250 for count in counts) >= 10
    assert sum(3 <= count <= 8 for count in counts) >= 20


def test_there_are_many_scripts() -> None:
    chars = {char for text in texts() for char in text if char.isalpha()}
    scripts = {unicodedata.name(char).split()[0] for char in chars}
    scripts = {name.split("-")[0] for name in scripts}
    assert set(SCRIPTS) <= scripts


def test_articles_have_ids_and_two_more_fields() -> None:
    rows = [json.loads(line) for line in (SAMPLES / "articles.jsonl").read_text().splitlines()]
    assert all(set(row) == {"id", "language", "topic", "text"} for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["language"] for row in rows}) >= 12


def test_queries_are_judged_by_articles_that_there_are() -> None:
    folder = SAMPLES / "_evaluation"
    articles = map(json.loads, (SAMPLES / "articles.jsonl").read_text("utf-8").splitlines())
    queries = read_queries(str(folder / "queries.jsonl"))
    judged = read_judgments(str(folder / "qrels.tsv")).by_query
    assert {query.id for query in queries} == set(judged)
    assert {id_ for of_query in judged.values() for id_ in of_query} <= {
        row["id"] for row in articles
    }
    assert len(read_pairs(str(folder / "pairs.tsv"))) == 16
