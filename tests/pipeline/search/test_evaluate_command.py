"""`evaluate` reads its files and prints the figures of the small corpus."""

import json
from pathlib import Path

import pytest

from beam_bert import Searcher
from pipeline import cli
from tests.pipeline import corpus


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Queries and judgments: the query with a number is the text of the row with that id."""
    queries = [{"_id": f"q{n}", "text": corpus.sentence(n)} for n in (4, 5, 6)]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    judged = ["query-id\tcorpus-id\tscore", "q4\t4\t1", "q5\t5\t1", "q5\tnone\t1", "x\t4\t1"]
    (tmp_path / "qrels.tsv").write_text("\n".join(judged))
    pairs = ["the cat\tthe cat\t5", "the cat\tdogs ran\t1", "a mat\tthe cat\t2"]
    (tmp_path / "pairs.tsv").write_text("\n".join(pairs))
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("opened")
def test_it_prints_measures_and_what_was_not_evaluated(
    finished: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--queries", str(files / "queries.jsonl"), "--qrels", str(files / "qrels.tsv")]
    assert cli.main(["evaluate", str(finished), *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["documents   238", "queries     2"]
    assert [line.split()[0] for line in lines[2:7]] == [
        *("nDCG@10", "Recall@10", "Recall@100", "MRR@10", "MAP@1000"),
    ]
    assert [line.split()[:2] for line in lines[7:]] == [["note", "1"]] * 3
    assert cli.main(["evaluate", str(finished), *words, "--at", "100", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    # The missing document is half of what is relevant to the second query.
    assert value["measures"]["Recall@100"] == 0.75
    assert (value["prompt"], value["feature"]) == ("", "pooled_output")


def test_it_prints_the_correlations_of_pairs(
    opened: Searcher, finished: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(finished), "--pairs", str(files / "pairs.tsv")]
    assert cli.main(words) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        *("pairs", "Spearman", "Pearson"),
    ]
    assert cli.main([*words, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    cat, dogs, mat = opened.embed(["the cat", "dogs ran", "a mat"])
    assert (value["pairs"], value["folder"]) == (3, str(finished))
    assert value["spearman"] == pytest.approx(1.0 if cat @ dogs < mat @ cat else 0.5)


@pytest.mark.usefixtures("opened")
def test_a_text_without_wordpieces_is_named(
    finished: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files / "pairs.tsv"
    path.write_text("the cat\tthe cat\t5\nthe cat\t \t1\n")
    assert cli.main(["evaluate", str(finished), "--pairs", str(path)]) == 2
    assert f"{path}, line 2 has no wordpieces" in capsys.readouterr().err
