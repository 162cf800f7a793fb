from pathlib import Path

import pytest

from pipeline.search import query_file
from transforms.serving.query_settings import EmptyTextError


def ids_and_texts(path: Path) -> list[tuple[str, str]]:
    return [(query.id, query.text) for query in query_file.read_queries(str(path))]


def test_the_lines_of_a_text_are_queries(tmp_path: Path) -> None:
    path = tmp_path / "queries.txt"
    path.write_bytes("\ufeffone cat\r\n\n  \nzwölf \u2028Katzen\n".encode())
    assert ids_and_texts(path) == [("1", "one cat"), ("2", "zwölf \u2028Katzen")]
    assert query_file.read_queries(str(path))[1].place == f"{path}, line 4"


@pytest.mark.parametrize("name", ["queries.jsonl", "QUERIES.JSONL"])
def test_json_lines_have_ids(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text('{"_id": "q1", "text": "a", "metadata": {}}\n{"id": 7, "text": "b"}\n')
    assert ids_and_texts(path) == [("q1", "a"), ("7", "b")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", " has no query"),
        ('{"_id": "a"}', ", line 1: a query needs `text`, a text"),
        ('{"text": "a"}', ", line 1: a query needs `_id`, a text"),
        ('{"_id": null, "text": "a"}', ", line 1: a query needs `_id`"),
        ('\n["a"]', ", line 2: it is not a JSON object"),
        ("{", ", line 1: it is not JSON: "),
        ('{"_id": "a", "text": "b"}\n' * 2, ", line 2: the id 'a' is also in "),
        (b"\xff", " is not UTF-8: invalid start byte at byte 0"),
    ],
    ids=str,
)
def test_what_is_not_a_query_is_named(content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=r"queries\.jsonl") as caught:
        query_file.read_queries(str(path))
    assert str(caught.value).startswith(f"{path}{message}")


def test_a_query_without_wordpieces_is_named_by_its_place() -> None:
    def embed(_: object) -> None:
        raise EmptyTextError(1)

    with pytest.raises(ValueError, match=r"^text 2 has no wordpieces, so that it has no vector"):
        query_file.embed(query_file.of_texts(["a", ""]), embed)  # type: ignore[arg-type]
