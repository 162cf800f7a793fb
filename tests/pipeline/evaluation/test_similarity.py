from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation import pair_file, similarity


def read(path: Path, content: str) -> list[tuple[str, str, float]]:
    path.write_text(content)
    return [(pair.first, pair.second, pair.score) for pair in pair_file.read_pairs(str(path))]


def test_pairs_are_fields_of_a_line_or_json(tmp_path: Path) -> None:
    expected = [("a", "b", 4.5), ('"c', "d", 0.0)]
    for header in ("", "text1\ttext2\tscore\n"):
        assert read(tmp_path / "p.tsv", f'{header}a\tb\t4.5\n"c\td\t0\n') == expected
    lines = '{"text1": "a", "text2": "b", "score": 4.5}\n'
    lines += '{"sentence1": "\\"c", "sentence2": "d", "score": 0, "genre": "x"}\n'
    assert read(tmp_path / "p.jsonl", lines) == expected
    assert read(tmp_path / "p.JSONL", lines) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.tsv", "a\tb\t1\n", " has 1 pairs; a correlation needs two or more"),
        ("p.tsv", "a\tb\t1\na\tb\n", ", line 2: it has 2 fields with tabs between them"),
        ("p.tsv", "a\tb\t1\na\tb\tnan\n", ", line 2: the score is 'nan'; it is a number"),
        ("p.tsv", "a\tb\tnan\na\tb\t1\n", ", line 1: the score is 'nan'; it is a number"),
        ("p.tsv", "a\tb\t\na\tb\t1\n", ", line 1: the score is ''; it is a number"),
        (
            "p.jsonl",
            '{"text1": "a", "text2": "b", "score": 1' + "0" * 400 + "}",
            ", line 1: a pair needs the number `score`",
        ),
        ("p.jsonl", '{"text1": "a", "score": 1}\n', ", line 1: a pair needs the texts"),
        ("p.jsonl", '{"text1": "a", "text2": "b"}\n', ", line 1: a pair needs the number `score`"),
    ],
)
def test_what_is_not_a_pair_is_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"p\.") as caught:
        read(tmp_path / name, content)
    assert str(caught.value).startswith(f"{tmp_path / name}{message}")


def test_cosines_are_compared_with_the_scores() -> None:
    pairs = [pair_file.SentencePair("", "", score, "") for score in (1.0, 2.0, 4.0)]
    firsts = np.float32([[1, 0], [1, 0], [1, 0]])
    seconds = np.float32([[0, 1], [0.6, 0.8], [1, 0]])
    figures = similarity.compare(pairs, firsts, seconds)
    assert (figures.pairs, figures.spearman) == (3, pytest.approx(1.0))
    assert figures.pearson == pytest.approx(np.corrcoef([0, 0.6, 1], [1, 2, 4])[0, 1])
