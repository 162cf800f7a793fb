"""The whole job with a record for each window of a document."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import reader
from pipeline.estimate.forecast import forecast
from pipeline.manifest import Progress
from pipeline.options.embed_config import InputConfig, Limits
from pipeline.output import job_progress
from pipeline.output.open_job import Job, open_job
from pipeline.report.take_sample import take_sample
from pipeline.result import to_text
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline import corpus
from transforms.batching.windows import WindowConfig
from transforms.rows.row_config import RowConfig
from transforms.sources.base import ReadConfig

LONG = "The cat sat, unable. A dog ran on the mats! " * 3
ROWS = [
    {"id": "long", "text": LONG, "k": "a"},
    {"id": "short", "text": "the cat", "k": "b"},
    {"id": "empty", "text": " \u200b ", "k": "c"},
    {"id": "missing", "k": "d"},
    {"id": "again", "text": LONG, "k": "e"},
]
PLACE = ("document_id", "window", "num_windows", "window_start", "window_end")
SETTINGS = {"windows": WindowConfig(16), "limits": Limits(1.0)}


def write(folder: Path, rows: list[dict]) -> tuple[str, ...]:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return (str(path),)


def embed(folder: Path, model: Path, documents: list[dict] = ROWS, **settings: object) -> Path:
    read = {"id_field": "id", "keep_fields": ("k",), "part_bytes": 1024}
    read |= settings.pop("read", {})  # type: ignore[call-overload]
    config = {"input": InputConfig(write(folder, documents), "auto", ReadConfig(**read))}
    corpus.embed([], folder / "out", model, **SETTINGS | config | settings)
    return folder / "out"


def records(folder: Path) -> list[dict]:
    found = []
    for record in reader.iterate_records(str(folder), "pooled"):
        found.append({name: values[0] if len(values) else None for name, values in record.items()})
    return found


def test_each_window_is_a_record_with_its_place(tiny_path: Path, tmp_path: Path) -> None:
    settings = {"rows": RowConfig("windows", keep_text=True), "features": ("mean",)}
    out = embed(tmp_path, tiny_path, **settings)
    found = records(out)
    ids = [record["id"].decode() for record in found]
    assert ids == [*(f"long#{n}" for n in range(4)), "short#0", *(f"again#{n}" for n in range(4))]
    for record in found:
        document, number = record["id"].decode().split("#")
        source = next(row for row in ROWS if row["id"] == document)
        assert record["document_id"].decode() == document
        assert record["window"] == int(number)
        assert record["num_windows"] == (1 if document == "short" else 4)
        text = source["text"].encode()[record["window_start"] : record["window_end"]]
        assert record["text"] == text == text.strip()
        assert record["k"].decode() == source["k"]
        assert record["truncated"] == 0
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    names = ("documents", "rows", "embedded", "rejected", "truncated")
    assert [counts[name] for name in names] == [5, 11, 9, 2, 0]
    rejected = [line for path in (out / "rejected").iterdir() for line in path.open()]
    assert [json.loads(line)["id"] for line in rejected] == ["empty", "missing"]

    job = open_job(str(out))
    sample = take_sample(job, load_progress(job).parts)
    assert sample.words[4] == "the cat"
    assert sample.kept == {"k": tuple("aaaabeeee")}
    check_again(out, 9)


def load_progress(job: Job) -> Progress:
    return job_progress.load_progress(job.folder, job.splits, job.run)


def check_again(folder: Path, count: int) -> None:
    verdict = verify(VerifyConfig(str(folder), sample=1000))
    assert verdict.faults == ()
    assert verdict.sample is not None
    assert verdict.sample.documents == count


@pytest.mark.slow
def test_a_document_that_fits_has_the_vectors_of_a_job_over_documents(
    tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = [row for row in ROWS if row["id"] != "long"]
    windows = embed(tmp_path / "a", tiny_path, rows, rows=RowConfig("windows"))
    documents = embed(tmp_path / "b", tiny_path, rows[:1])
    one = next(record for record in records(windows) if record["id"] == b"short#0")
    (other,) = records(documents)
    np.testing.assert_array_equal(one["pooled_output"], other["pooled_output"])
    check_again(windows, 5)


@pytest.mark.slow
def test_pairs_of_several_files_overlap_end_with_sentences_and_repeat(
    tiny_path: Path, tmp_path: Path
) -> None:
    texts = [f"the cat|{LONG}", "the cat|a dog", "no pair", " |a dog", f"{'the ' * 9}|{LONG}"]
    for number, text in enumerate(texts * 2):
        (tmp_path / f"{number}.txt").write_text(f"{text}\n")
    read = ReadConfig(pair_separator="|", part_bytes=1024)
    settings = {
        "input": InputConfig((str(tmp_path / "*.txt"),), "text", read),
        "windows": WindowConfig(16, 6),
        "rows": RowConfig("windows", "sentences"),
        "features": ("mean",),
        "output_format": "parquet",
        "dedup": "corpus",
    }
    out = tmp_path / "out"
    summary = corpus.embed([], out, tiny_path, **SETTINGS | settings)
    assert "documents   10 in 20 rows: 16 embedded" in to_text(summary)
    found = records(out)
    places = [(record["window_start"], record["window_end"]) for record in found[:6]]
    assert places == sorted(places)
    sentences = [LONG[begin:end] for begin, end in places]
    assert sentences[0] == "The cat sat, unable."
    plan = forecast(corpus.config([], tmp_path / "new", tiny_path, **SETTINGS | settings), 0.0)
    counts = json.loads((out / "manifest.json").read_text())["counts"]
    for name in ("documents", "rows", "embedded", "rejected", "num_tokens"):
        assert plan.counts[name] == counts[name]
    check_again(out, counts["embedded"])
