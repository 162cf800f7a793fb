from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.evaluation import pair_file, relevance_file
from pipeline.search import query_file
from transforms.io import storage
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


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is a folder"),
        ("querys.txt", "there is no {folder}/querys.txt; did you mean {folder}/queries.txt?"),
        ("queries.txt/x", "{folder}/queries.txt is a file, and no folder"),
    ],
)
@pytest.mark.parametrize(
    ("read", "setting"),
    [
        (query_file.read_queries, "queries"),
        (relevance_file.read_judgments, "qrels"),
        (pair_file.read_pairs, "pairs"),
    ],
)
def test_a_path_of_no_file_is_refused_with_its_flag(
    read: Callable[[str], object], setting: str, name: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "queries.txt").write_text("a text")
    path = f"{tmp_path}/{name}"
    with pytest.raises(ValueError, match="cannot be read") as caught:
        read(path)
    place = f"`{setting}` {path}: cannot be read: "
    assert str(caught.value) == f"{place}{why.format(folder=tmp_path)}; name a file"


def test_an_error_that_may_pass_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: str) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(storage, "read_whole", fails)
    with pytest.raises(OSError, match="Input/output error"):
        query_file.read_queries("queries.txt")


def test_a_file_system_that_is_not_there_is_named_with_the_flag() -> None:
    with pytest.raises(ValueError, match=r"^`qrels` foo://x: there is no file system for foo://$"):
        relevance_file.read_judgments("foo://x")
