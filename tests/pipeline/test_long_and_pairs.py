"""The whole job over documents longer than the model reads, and over pairs."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline import reader
from pipeline.errors import JobError
from pipeline.options.embed_config import InputConfig, Limits
from pipeline.result import to_text
from tests.pipeline import corpus
from transforms.batching.windows import WindowConfig
from transforms.sources.base import ReadConfig

LONG = "The cat sat, unable. A dog ran on the mats! " * 9
STRANGE = "ጤና ይስጥልኝ the ዓለም ሁሉ"
FEATURES = ("pooled_output", "mean", "sequence_output")


def run_module(path: Path, rows: list[list[int]], segments: list[list[int]]) -> dict:
    tokens = tf.saved_model.load(str(path), tags=[]).signatures["tokens"]
    ids = tf.constant(rows, tf.int32)
    return tokens(
        input_ids=ids, input_mask=tf.ones_like(ids), segment_ids=tf.constant(segments, tf.int32)
    )


@pytest.mark.slow
def test_long_documents_are_read_whole_and_strange_ones_are_told(
    tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text(f"{LONG}\nthe cat\n")
    (tmp_path / "strange.txt").write_text(f"{STRANGE}\n" * 2)
    globs = [str(tmp_path / "long.txt"), str(tmp_path / "strange.txt")]
    settings = {"windows": WindowConfig(16, 5), "features": FEATURES, "keep_tokens": True}
    output = tmp_path / "out"
    limits = Limits(unknown=0.05)
    message = r"5\.4% of the wordpieces are \[UNK\] .*--max_unknown 0\.05: .*strange\.txt 80\.0%"
    for _ in range(2):
        with pytest.raises(JobError, match=message):
            corpus.embed(globs, output, tiny_path, limits=limits, **settings)
    summary = corpus.embed(globs, output, tiny_path, **settings)
    assert summary.nothing_left
    assert f"[UNK]       {globs[1]} 80.0%" in to_text(summary)

    sequences = list(reader.iterate_sequences(str(output)))
    assert [len(document.tokens) for document in sequences] == [137, 4, 7, 7]
    long = sequences[0]
    assert long.vectors.shape == (137, 16)
    slices = [LONG.encode()[start:end].decode().lower() for start, end in long.offsets[1:-1]]
    assert slices == [token.removeprefix("##") for token in long.tokens[1:-1]]
    mean = reader.load_embeddings(str(output), "mean").vectors
    np.testing.assert_allclose(mean[0], long.vectors.mean(axis=0), atol=1e-5)
    # The middle of the third window, which begins at wordpiece 10, is its own.
    window = [2, *long.input_ids[11:25], 3]
    alone = run_module(tiny_path, [window], [[0] * 16])["sequence_output"][0]
    np.testing.assert_allclose(long.vectors[16:21], alone[6:11], atol=1e-5)

    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["counts"]["num_tokens"] == 137 + 4 + 7 + 7
    assert manifest["counts"]["computed_tokens"] > 2 * manifest["counts"]["num_tokens"]
    assert manifest["shares"] == {"rejected": 0.0, "truncated": 0.0, "unknown": 8 / 147}
    assert manifest["sources"][globs[0]]["shares"]["unknown"] == 0.0
    assert manifest["sources"][globs[1]]["shares"]["unknown"] == 0.8
    (record, *_) = reader.iterate_records(str(output), "pooled")
    account = ("num_tokens", "num_wordpieces", "num_unknown", "truncated")
    assert [record[name][0] for name in account] == [137, 135, 0, 0]


@pytest.mark.slow
def test_pairs_are_two_segments(tiny_path: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "both", "text": "the cat", "b": "a dog ran"},
        {"id": "one", "text": "the cat sat", "b": None},
        {"id": "cut", "text": "the " * 20, "b": "dog " * 20},
    ]
    (tmp_path / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    globs = (str(tmp_path / "a.jsonl"),)
    read = ReadConfig(text_b_field="b", id_field="id", part_bytes=1024)
    settings = {"input": InputConfig(globs, "auto", read), "limits": Limits(truncated=0.3)}
    with pytest.raises(JobError, match=r"33\.3% of the documents were truncated .*a\.jsonl 33\.3%"):
        corpus.embed([], tmp_path / "out", tiny_path, **settings)
    both, one, cut = reader.iterate_sequences(str(tmp_path / "out"))
    assert both.input_ids.tolist() == [2, 5, 6, 3, 10, 11, 12, 3]
    assert both.segment_ids.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert one.segment_ids.tolist() == [0] * 5
    assert (cut.input_ids == 5).sum() == 3
    assert (cut.input_ids == 11).sum() == 2
    pooled = dict(zip(*reader.load_embeddings(str(tmp_path / "out")), strict=True))
    expected = run_module(tiny_path, [both.input_ids.tolist()], [both.segment_ids.tolist()])[
        "pooled_output"
    ][0]
    np.testing.assert_allclose(pooled["both"], expected, atol=1e-5)
    counts = json.loads((tmp_path / "out/manifest.json").read_text())["counts"]
    assert (counts["pairs"], counts["truncated"]) == (2, 1)
