from pathlib import Path

import pytest

from pipeline.evaluation import relevance_file


def read(path: Path, content: str) -> dict[str, dict[str, int]]:
    path.write_text(content)
    return {
        query: dict(of) for query, of in relevance_file.read_judgments(str(path)).by_query.items()
    }


@pytest.mark.parametrize("first", ["query-id\tcorpus-id\tscore\n", "", "\n"])
def test_judgments_have_a_header_or_none(first: str, tmp_path: Path) -> None:
    judged = read(tmp_path / "qrels.tsv", f"{first}q1\ta b\t2\r\nq1\tc\t0\nq2\ta b\t-1\n")
    assert judged == {"q1": {"a b": 2, "c": 0}, "q2": {"a b": -1}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", " has no judgment"),
        ("query-id\tcorpus-id\tscore\n", " has no judgment"),
        ("q1 0 d1 1\n", ", line 1: it has 1 fields with tabs between them; a judgment has"),
        ("q1\td1\t1\nq1\td2\thigh\n", ", line 2: the relevance is 'high'; it is a whole number"),
        ("q1\td1\t1.0\nq1\td2\t2\n", ", line 1: the relevance is '1.0'; it is a whole number"),
        ("q1\td1\t\nq1\td2\t2\n", ", line 1: the relevance is ''; it is a whole number"),
        (f"q1\td1\t{2**63}\n", f", line 1: the relevance is '{2**63}'; it is a whole number of 64"),
        ("q1\td1\t1\nq1\td1\t2\n", ", line 2: document 'd1' is judged twice for this query"),
    ],
)
def test_what_is_not_a_judgment_is_named(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "qrels.tsv"
    with pytest.raises(ValueError, match=r"qrels\.tsv") as caught:
        read(path, content)
    assert str(caught.value).startswith(f"{path}{message}")
