"""A search finds the documents of a job by its own texts."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from beam_bert import Searcher, load_embeddings
from pipeline import cli
from pipeline.errors import UsageError
from pipeline.export import export_job
from pipeline.search import query_model, searcher
from tests.pipeline import corpus

TEXTS = [corpus.sentence(number) for number in (1, 5, 11)]


@pytest.mark.slow
def test_texts_of_the_corpus_find_their_documents(opened: Searcher, finished: Path) -> None:
    ids, vectors = load_embeddings(finished)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    by_id = dict(zip(ids, unit, strict=True))
    for text, hits in zip(TEXTS, opened.search_texts(TEXTS, 20), strict=True):
        (vector,) = opened.embed([text])
        expected = np.sort(unit @ vector)[::-1][:20]
        np.testing.assert_allclose([hit.score for hit in hits], expected, atol=1e-5)
        assert hits[0].score == pytest.approx(1.0, abs=1e-5)
        assert all(by_id[hit.id] @ vector == pytest.approx(hit.score, abs=1e-5) for hit in hits)
    assert opened.search(TEXTS[0], 1) == opened.search(TEXTS[0], 3)[:1]
    assert (opened.feature, opened.prompt) == ("pooled_output", "")
    assert opened.notes == (
        "the vectors of pooled_output do not have length 1: their cosines are compared",
    )


def test_hits_have_the_kept_fields(opened: Searcher) -> None:
    hits = opened.search(corpus.sentence(7), k=1000)
    assert len(hits) == corpus.EMBEDDED
    fields = {hit.id: hit.fields for hit in hits}
    assert fields["7"] == {"k": "v7"}
    assert {"k": None} in fields.values()


def test_a_later_search_needs_no_export_and_no_copy(
    opened: Searcher, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_job, "export_job", None)
    lines: list[str] = []
    assert Searcher(finished, announce=lines.append).search(TEXTS[0]) == opened.search(TEXTS[0])
    assert lines == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "assets.extra/vocab.txt").write_text("{}"),
        lambda folder: (folder / "assets.extra/beam_bert_query.json").write_text("{}"),
        lambda folder: shutil.rmtree(folder / "variables"),
    ],
    ids=["vocabulary", "settings", "variables"],
)
def test_a_damaged_model_in_the_cache_is_written_again(
    damage: Callable[[Path], object],
    opened: Searcher,
    finished: Path,
    shared_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder,) = (path.parent for path in (shared_cache / "queries").glob("*/saved_model.pb"))
    whole = shared_cache / "whole"
    shutil.copytree(folder, whole)
    exported = []

    def export(_: str, destination: str, *settings: object) -> None:
        exported.append(settings)
        shutil.move(whole, destination)

    monkeypatch.setattr(export_job, "export_job", export)
    damage(folder)
    assert Searcher(finished).search(TEXTS[0]) == opened.search(TEXTS[0])
    assert exported == [(None, None)]


def test_a_job_that_still_runs_is_searched_so_far(
    opened: Searcher, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    (folder / "manifest.json").unlink()
    for receipt in (folder / "receipts").glob("packed*"):
        receipt.unlink()
    so_far = Searcher(folder)
    assert len(so_far.index.vectors) < len(opened.index.vectors)
    assert "the job is not finished: 1 of the ranges of its input" in so_far.notes[0]


def test_wrong_calls_are_value_errors(opened: Any) -> None:
    for k in (0, -1, 2.5, 2.0, True, "10", None, np.float32(3)):
        match = re.escape(f"`k` is {k!r}; give a whole number of 1 or more")
        with pytest.raises(ValueError, match=match):
            opened.search("the cat", k)
        with pytest.raises(ValueError, match=match):
            opened.nearest(np.zeros([0, 16]), k)
    assert len(opened.search("the cat", np.int64(3))) == 3
    with pytest.raises(ValueError, match="text 1 has no wordpieces"):
        opened.search_texts(["the cat", " "])
    assert opened.search_texts([]) == []
    width = opened.index.vectors.shape[1]
    with pytest.raises(ValueError, match=rf"`vectors` is \[{width}\]; give \[queries, {width}\]"):
        list(opened.nearest(np.zeros(width)))
    with pytest.raises(ValueError, match=rf"`vectors` is \[1, {width + 1}\]; give"):
        list(opened.nearest(np.zeros([1, width + 1])))
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match="`vectors` has NaN or infinity"):
            list(opened.nearest(np.full([1, width], value)))


@pytest.mark.parametrize(
    ("features", "expected"),
    [(("cls", "sentence"), "sentence"), (("cls", "mean"), "cls"), (("mean",), "mean")],
)
def test_sentence_is_the_default_feature(features: tuple[str, ...], expected: str) -> None:
    job: Any = SimpleNamespace(records=SimpleNamespace(of_documents=features))
    assert searcher.default_feature(job) == expected


def test_a_job_of_token_vectors_only_is_refused() -> None:
    config = SimpleNamespace(features=("sequence_output",))
    job: Any = SimpleNamespace(
        folder="out", records=SimpleNamespace(of_documents=()), config=config
    )
    with pytest.raises(ValueError, match="out has no vectors of documents: its --features are seq"):
        searcher.default_feature(job)


def test_a_job_over_pairs_is_refused() -> None:
    read = SimpleNamespace(pairs=True)
    config = SimpleNamespace(input=SimpleNamespace(read=read))
    job: Any = SimpleNamespace(folder="out", config=config)
    with pytest.raises(UsageError, match="out: the job was over pairs"):
        query_model.load(job, query_model.QueryConfig("mean"), print)


@pytest.mark.parametrize(
    ("prompts", "stride", "prompt", "expected"),
    [
        ({"query": "query: "}, 0, None, "query"),
        ({"query": ""}, 0, None, None),
        ({}, 0, None, None),
        ({"query": "query: "}, 4, None, None),
        ({"query": "query: "}, 0, "search: ", "search: "),
    ],
)
def test_the_prompt_is_that_of_the_model_for_queries(
    prompts: dict[str, str],
    stride: int,
    prompt: str | None,
    expected: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sentence = SimpleNamespace(settings=SimpleNamespace(prompts=prompts))
    monkeypatch.setattr(query_model, "find_module", lambda *_: Path())
    monkeypatch.setattr(
        "transforms.bert.module.inspect", lambda _: SimpleNamespace(sentence=sentence)
    )
    windows, run = SimpleNamespace(stride=stride), SimpleNamespace(model="f" * 64)
    job: Any = SimpleNamespace(config=SimpleNamespace(windows_of_rows=windows), run=run)
    config = query_model.QueryConfig("mean", prompt)
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path))
    assert query_model._prompt_of(job, config) == expected
    for path in tmp_path.glob("queries/prompts-*"):
        path.write_bytes(b"")  # a damaged file is written again
    assert query_model._prompt_of(job, config) == expected
    monkeypatch.setattr(query_model, "find_module", None)
    assert query_model._prompt_of(job, config) == expected
    of_job = query_model.QueryConfig("mean", prompt, default_prompt="")
    assert query_model._prompt_of(job, of_job) == prompt


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    status = cli.main(words)
    captured = capsys.readouterr()
    assert status == (2 if not captured.out else 0), captured.err
    return captured.out.splitlines(), captured.err


@pytest.mark.usefixtures("opened")
def test_the_command_prints_ranks_scores_ids_and_fields(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, error = run(["search", str(finished), "-k", "2", "the cat"], capsys)
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert "k=" in lines[0]
    assert error.startswith("beam-bert: the vectors of pooled_output do not have length 1")
    path = tmp_path / "queries.jsonl"
    path.write_text('{"_id": "a", "text": "the cat"}\n{"_id": "b", "text": "dogs"}\n')
    lines, _ = run(["search", str(finished), "--queries", str(path), "-k", "1"], capsys)
    assert (lines[0], lines[2], len(lines)) == ("a: the cat", "b: dogs", 4)
    lines, _ = run(["search", str(finished), "the cat", "dogs", "--json"], capsys)
    first, second = map(json.loads, lines)
    assert (first["id"], first["text"], second["text"]) == ("1", "the cat", "dogs")
    assert [hit["rank"] for hit in first["hits"]] == list(range(1, 11))


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{job}", "the cat", "-k", "0"], "-k is 0; give 1 or more"),
        (["{job}"], "give either texts after the folder, or a file of them with --queries"),
        (["{job}", "a", "--queries", "f"], "give either texts after the folder, or a file"),
        (["{job}", "the cat", "  "], "text 2 has no wordpieces, so that it has no vector"),
        (["{job}", "a", "--feature", "mean"], "has no 'mean'; it has pooled_output"),
        (
            ["{job}", "--queries", "{empty}/none.txt"],
            "--queries {empty}/none.txt: cannot be read: ",
        ),
        (
            ["{job}", "--queries", "{empty}"],
            "--queries {empty}: cannot be read: it is a folder; name",
        ),
        (["{empty}", "a"], "has no run.json: it is not an output folder of embed"),
    ],
)
def test_wrong_usage_is_named(
    words: list[str],
    message: str,
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines, error = run(
        ["search", *(word.format(job=finished, empty=tmp_path) for word in words)], capsys
    )
    assert lines == []
    assert message.format(empty=tmp_path) in error
    assert len(error.splitlines()) <= 2
