"""The whole job with windows of texts of several fields."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import cli, reader
from pipeline.estimate.forecast import forecast
from pipeline.options.embed_config import InputConfig, Limits
from pipeline.output import job_progress
from pipeline.output.open_job import open_job
from pipeline.report.take_sample import take_sample
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline import corpus
from transforms.batching.windows import WindowConfig
from transforms.rows.row_config import RowConfig
from transforms.sources.base import ReadConfig

LONG = "The cat sat, unable. A dog ran on the mats! " * 3
ROWS: list[dict[str, Any]] = [
    {"id": "long", "title": "Cats", "text": LONG, "by": "a dog"},
    {"id": "short", "title": "Dogs", "text": "the cat", "by": "the mat"},
    {"id": "crowded", "title": "the " * 20, "text": LONG, "by": "x"},
    {"id": "none", "text": LONG, "by": "x"},
]
VALUES = {row["id"]: row for row in ROWS}
TEMPLATE = r"The {title}:\n{text}\nby {by}"
FIELDS = ("title", "text", "by")


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    return path


def records(folder: Path, family: str = "pooled") -> list[dict[str, Any]]:
    found = []
    for record in reader.iterate_records(str(folder), family):
        found.append({name: values[0] if len(values) else None for name, values in record.items()})
    return found


def check_again(folder: Path, count: int) -> None:
    verdict = verify(VerifyConfig(str(folder), sample=1000))
    assert verdict.faults == ()
    assert verdict.sample is not None
    assert verdict.sample.documents == count


@pytest.mark.slow
def test_each_window_repeats_title_and_author_after_the_prompt(
    documents: Path, tiny_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = f"embed --input {documents} --output {out} --model {tiny_path} --id_field id"
    command += " --features mean,sequence_output --keep_tokens --keep_text --rows windows"
    command += " --repeat_fields title,by --max_seq_length 24 --max_rejected 1"
    flags = ["--text_template", TEMPLATE, "--prompt", "a cat "]
    assert cli.main([*command.split(), *flags]) == 0
    found = records(out)
    names = [record["document_id"].decode() for record in found]
    assert names == [*["long"] * (len(names) - 1), "short"]
    assert found[0]["num_windows"] == len(names) - 1 > 2
    for record in found:
        source = VALUES[record["document_id"].decode()]
        begin, end = record["window_start"], record["window_end"]
        body = source["text"][begin:end]
        expected = f"The {source['title']}:\n{body}\nby {source['by']}"
        assert record["text"].decode() == expected
        assert (record["text_start"], record["text_end"]) == (begin, end)
        assert (record["title_start"], record["title_end"]) == (0, len(source["title"]))
        assert (record["by_start"], record["by_end"]) == (0, len(source["by"]))
        assert record["truncated"] == 0
        assert record["num_tokens"] <= 24
    texts = [record["text"].split(b"\n")[1].decode() for record in found[:-1]]
    assert " ".join(texts) == LONG.strip()
    lines = [line for path in (out / "rejected").iterdir() for line in path.open()]
    reasons = {line["id"]: line["reason"] for line in map(json.loads, lines)}
    assert reasons == {"crowded": "too_large", "none": "missing_field"}
    check_tokens(out)
    check_again(out, len(names))
    job = open_job(str(out))
    sample = take_sample(job, job_progress.load_progress(job.folder, job.splits, job.run).parts)
    assert sample.words[-1].endswith("the cat\nby the mat".replace("\n", " "))


def check_tokens(folder: Path) -> None:
    """Check that offsets are in the values of fields, with the prompt and literals in none."""
    for one in reader.iterate_sequences(str(folder)):
        source = VALUES[one.id.partition("#")[0]]
        assert one.tokens is not None
        assert one.offsets is not None
        fields = np.asarray(one.token_fields)
        assert one.tokens[1:3] == ["a", "cat"]
        assert fields[:4].tolist() == [-1] * 4
        assert [number for number, _ in itertools.groupby(fields[fields >= 0])] == [0, 1, 2]
        for token, field, (begin, end) in zip(one.tokens, fields, one.offsets, strict=True):
            if field >= 0 and token != "[UNK]":  # noqa: S105
                text = source[FIELDS[field]].encode()[begin:end].decode().lower()
                assert text == token.removeprefix("##")


@pytest.mark.slow
@pytest.mark.usefixtures("own_sample")
@pytest.mark.parametrize("repeat", [(), ("title",)])
def test_windows_end_with_sentences_and_repeats_are_found_in_the_corpus(
    repeat: tuple[str, ...], documents: Path, tiny_path: Path, tmp_path: Path
) -> None:
    read = ReadConfig(text_template="{title} {text} {by}", id_field="id", keep_fields=("by",))
    settings = {
        "input": InputConfig((str(documents),), "auto", read),
        "rows": RowConfig("windows", "sentences", repeat_fields=repeat),
        "windows": WindowConfig(20),
        "limits": Limits(1.0),
        "features": ("mean",),
        "output_format": "parquet",
        "dedup": "corpus",
    }
    corpus.embed([], tmp_path / "out", tiny_path, **settings)
    plan = forecast(corpus.config([], tmp_path / "new", tiny_path, **settings), 0.0)
    counts = json.loads((tmp_path / "out/manifest.json").read_text())["counts"]
    for name in ("documents", "rows", "embedded", "rejected", "num_tokens"):
        assert plan.counts[name] == counts[name]
    found = records(tmp_path / "out")
    covered = bytearray(LONG.strip().encode())
    for record in found:
        if record["document_id"] == b"long" and record["text_start"] is not None:
            begin, end = record["text_start"], record["text_end"]
            covered[begin:end] = b" " * (end - begin)
            start = record["window_start"]
            assert start == (begin if repeat else begin + len("Cats ") * (begin > 0))
    assert not covered.strip()
    assert (found[1]["title_start"] is not None) == bool(repeat)
    check_again(tmp_path / "out", len(found))
    job = open_job(str(tmp_path / "out"))
    sample = take_sample(job, job_progress.load_progress(job.folder, job.splits, job.run).parts)
    assert sample.words[0].startswith("The cat" if repeat else "Cats The cat")


@pytest.mark.slow
def test_of_a_pair_the_second_text_is_cut(documents: Path, tiny_path: Path, tmp_path: Path) -> None:
    read = ReadConfig(text_template="{title} {by}", text_b_field="text", id_field="id")
    settings = {
        "input": InputConfig((str(documents),), "auto", read),
        "rows": RowConfig("windows", keep_text=True),
        "windows": WindowConfig(24),
        "limits": Limits(1.0),
        "features": ("mean", "sequence_output"),
        "keep_tokens": True,
    }
    corpus.embed([], tmp_path / "out", tiny_path, **settings)
    for record in records(tmp_path / "out"):
        source = VALUES[record["document_id"].decode()]
        begin, end = record["window_start"], record["window_end"]
        assert record["text"].decode() == source["text"][begin:end]
        assert (record["by_start"], record["by_end"]) == (0, len(source["by"]))
    for one in reader.iterate_sequences(str(tmp_path / "out")):
        segments, fields = np.asarray(one.segment_ids), np.asarray(one.token_fields)
        assert set(fields[segments == 0].tolist()) == {-1, 0, 1}
        assert fields[segments == 1].tolist() == [2] * (segments.sum() - 1) + [-1]
    check_again(tmp_path / "out", len(records(tmp_path / "out")))
