import json
import os
import threading
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.typehints import typehints
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import schema_utils

from pipeline import errors, graphs, job, reader
from pipeline.errors import JobError, UsageError
from pipeline.inputs import plan
from pipeline.job_context import JobContext
from pipeline.output.run_file import Run, Transform
from pipeline.parts.receipt_store import ReceiptStore
from tests.pipeline import corpus
from tests.pipeline.corpus import DOCUMENTS, EMBEDDED
from transforms.batching.windows import WindowConfig
from transforms.bert.module import BertModule
from transforms.receipts import Receipt
from transforms.write import write_part


def test_every_document_is_embedded_or_rejected(finished: Path) -> None:
    counts = json.loads((finished / "manifest.json").read_text())["counts"]
    assert counts["documents"] == DOCUMENTS
    assert counts["embedded"] == EMBEDDED
    rejected = [
        json.loads(line)
        for path in (finished / "rejected").iterdir()
        for line in path.read_text().splitlines()
    ]
    reasons = sorted(line["reason"] for line in rejected)
    assert reasons == ["bad_json", "empty", "empty", "missing_field", "not_utf8", "wrong_type"]
    assert all(line["id"] and line["source"] for line in rejected)
    assert not (finished / "tmp").exists()


def test_ids_are_in_corpus_order(finished: Path, globs: list[str]) -> None:
    embeddings = reader.load_embeddings(str(finished))
    assert embeddings.vectors.shape == (EMBEDDED, 16)
    assert embeddings.vectors.dtype == np.float32
    lines, packed, rows = embeddings.ids[:118], embeddings.ids[118:178], embeddings.ids[178:]
    assert lines[:2] == [f"{globs[0]}:0", f"{globs[0]}:{len(corpus.sentence(0)) + 1}"]
    assert [int(id_.rsplit(":", 1)[1]) for id_ in lines] == sorted(
        int(id_.rsplit(":", 1)[1]) for id_ in lines
    )
    assert packed[0] == f"{globs[1]}:0"
    assert rows == [str(number) for number in range(60)]


@pytest.mark.slow
def test_plain_tensorflow_reads_both_families(finished: Path) -> None:
    for family, rows in (("pooled", 16), ("sequence", None)):
        text = (finished / family / "schema.pbtxt").read_text()
        schema = text_format.Parse(text, schema_pb2.Schema())
        spec = schema_utils.schema_as_feature_spec(schema).feature_spec
        files = sorted(str(path) for path in (finished / family).glob("*.tfrecord"))
        parsed = [
            tf.io.parse_single_example(record, spec) for record in tf.data.TFRecordDataset(files)
        ]
        assert len(parsed) == EMBEDDED
        for record in parsed[:20]:
            if rows:
                assert record["pooled_output"].shape == (rows,)
            else:
                tokens = record["num_tokens"].numpy()
                assert record["input_ids"].shape == (tokens,)
                assert record["sequence_output"].shape == (tokens, 16)


def test_token_vectors_are_those_of_the_module(finished: Path, tiny_path: Path) -> None:
    tokens = tf.saved_model.load(str(tiny_path), tags=[]).signatures["tokens"]
    pooled = dict(zip(*reader.load_embeddings(str(finished)), strict=True))
    for document in list(reader.iterate_sequences(str(finished)))[::17]:
        ids = tf.constant(document.input_ids[np.newaxis], tf.int32)
        expected = tokens(
            input_ids=ids, input_mask=tf.ones_like(ids), segment_ids=tf.zeros_like(ids)
        )
        np.testing.assert_allclose(document.vectors, expected["sequence_output"][0], atol=1e-5)
        np.testing.assert_allclose(
            pooled[document.id], expected["pooled_output"][0].numpy(), atol=1e-5
        )


def test_the_same_command_again_finds_nothing_left(
    finished: Path, globs: list[str], tiny_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert corpus.embed(globs, finished, tiny_path).nothing_left
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


@pytest.mark.slow
def test_another_folder_gets_the_same_bytes(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    corpus.embed(globs, tmp_path / "out", tiny_path, batching=corpus.BatchingConfig(64))
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(finished)


@pytest.mark.slow
def test_an_interrupted_job_continues(
    finished: Path,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = []
    one_at_a_time = threading.Lock()

    def fails_after_four(*arguments: object) -> Receipt:
        with one_at_a_time:
            if len(written) == 4:
                raise OSError(28, "No space left on device")
            written.append(write_part(*arguments))
            return written[-1]

    output = tmp_path / "out"
    monkeypatch.setattr("transforms.write.write_part", fails_after_four)
    with pytest.raises(JobError, match=r"No space left on device.*\n4 parts are done"):
        corpus.embed(globs, output, tiny_path)
    assert not (output / "tmp").exists()
    assert not (output / "manifest.json").exists()
    with pytest.raises(ValueError, match="not finished"):
        reader.load_embeddings(str(output))

    monkeypatch.undo()
    times = {path.name: path.stat().st_mtime_ns for path in (output / "receipts").iterdir()}
    summary = corpus.embed(globs, output, tiny_path)
    assert (summary.parts_before, len(times)) == (4, 4)
    assert corpus.data_files(output) == corpus.data_files(finished)
    for name, time in times.items():
        assert (output / "receipts" / name).stat().st_mtime_ns == time


def test_another_job_is_refused_with_the_differences(
    finished: Path, globs: list[str], tiny_path: Path, minilm_path: Path
) -> None:
    cases = [
        ({"windows": WindowConfig(9)}, "--max_seq_length 8 there, 9 now"),
        ({"windows": WindowConfig(8, 4)}, "--window_stride 0 there, 4 now"),
        ({"features": ("mean",)}, "--features pooled_output,sequence_output there, mean now"),
        ({"batching": corpus.BatchingConfig(63)}, "--tokens_per_batch 64 there, 63 now"),
    ]
    for settings, message in cases:
        with pytest.raises(UsageError, match=message):
            corpus.embed(globs, finished, tiny_path, **settings)
    with pytest.raises(UsageError, match=r"--model of fingerprint .* there"):
        corpus.embed(globs, finished, minilm_path)
    with pytest.raises(UsageError, match=r"--input .* there"):
        corpus.embed(globs[:1], finished, tiny_path)


@pytest.mark.slow
def test_a_changed_input_is_refused_and_overwrite_starts_again(
    tiny_path: Path, tmp_path: Path
) -> None:
    globs = corpus.write_corpus(tmp_path / "in")[:1]
    output = tmp_path / "out"
    settings = {"features": ("mean", "cls")}
    first = corpus.embed(globs, output, tiny_path, **settings)
    os.utime(globs[0], (5, 5))
    with pytest.raises(UsageError, match=r"lines\.txt has changed"):
        corpus.embed(globs, output, tiny_path, **settings)
    again = corpus.embed(globs, output, tiny_path, overwrite=True, **settings)
    assert again.parts_before == 0
    assert len(list((output / "pooled").glob("*.tfrecord"))) == len(first.progress.parts)
    mean = reader.load_embeddings(str(output))
    cls = reader.load_embeddings(str(output), "cls")
    assert mean.ids == cls.ids
    assert not np.allclose(mean.vectors, cls.vectors)
    with pytest.raises(ValueError, match="'pooled_output'; it has mean, cls"):
        reader.load_embeddings(str(output), "pooled_output")
    with pytest.raises(ValueError, match="no sequence records"):
        list(reader.iterate_sequences(str(output)))


def test_ctrl_c_works_while_threads_still_write(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")

    def interrupted(*_: object) -> None:
        def busy(_: str) -> None:
            raise OSError(39, "Directory not empty")

        monkeypatch.setattr(job.output_folder, "clear_temporary", busy)
        raise KeyboardInterrupt

    monkeypatch.setattr(graphs, "build_embed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        corpus.embed([str(tmp_path / "a.txt")], tmp_path / "out", tiny_path)


def test_a_manifest_that_cannot_be_written_is_written_by_the_next_call(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(job.manifest, "write_manifest", full_disk)
    with pytest.raises(JobError, match="all parts are done, but the manifest cannot be written"):
        corpus.embed([str(tmp_path / "a.txt")], tmp_path / "out", tiny_path)
    monkeypatch.undo()
    assert corpus.embed([str(tmp_path / "a.txt")], tmp_path / "out", tiny_path).nothing_left
    assert reader.load_embeddings(str(tmp_path / "out")).vectors.shape == (1, 16)


def test_mostly_wrong_input_fails_at_the_end(tiny_path: Path, tmp_path: Path) -> None:
    (tmp_path / "binary.txt").write_bytes(bytes(range(128, 256)) * 9 + b"\n" + b"the cat\n")
    with pytest.raises(JobError, match=r"1 of 2 documents were rejected \(1 not_utf8\)"):
        corpus.embed([str(tmp_path / "binary.txt")], tmp_path / "out", tiny_path)
    assert reader.load_embeddings(str(tmp_path / "out")).vectors.shape == (1, 16)


@pytest.mark.parametrize("name", ["precious.txt", "pooled"])
def test_folders_of_others_are_refused(
    name: str, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("mine")
    for overwrite in (False, True):
        if name == "pooled" and not overwrite:
            continue
        with pytest.raises(UsageError, match=r"--output .*(not part of a job|will not delete)"):
            corpus.embed(globs, tmp_path, tiny_path, overwrite=overwrite)
    assert (tmp_path / name).read_text() == "mine"


def kinds_of(graph: beam.Pipeline) -> list[tuple[str, object]]:
    """Return the label of every transform that has an output, and the type of its elements."""
    types: list[tuple[str, object]] = []

    class Visitor(beam.pipeline.PipelineVisitor):
        def visit_transform(self, node: beam.pipeline.AppliedPTransform) -> None:
            types.extend((node.full_label, one.element_type) for one in node.outputs.values())

        enter_composite_transform = visit_transform

    graph.visit(Visitor())
    return types


def test_no_collection_of_the_graph_is_untyped(
    globs: list[str], tiny_module: BertModule, finished: Path
) -> None:
    settings = corpus.config(globs, finished, tiny_module.path)
    splits = plan.make_plan(settings.input)
    run = Run(settings.identity(), tiny_module.fingerprint, 16, Transform("transform", (3, 5), ""))
    pipeline = beam.Pipeline(options=PipelineOptions([]))
    receipts = ReceiptStore(settings.output)
    context = JobContext(settings, pipeline.options, splits, run, tiny_module, "handle", receipts)
    graphs.build_embed(pipeline, context)
    cluster = beam.Pipeline(FnApiRunner(), options=PipelineOptions([]))
    cluster.options.view_as(StandardOptions).runner = "FlinkRunner"
    graphs.build_embed(cluster, context)
    analyze = beam.Pipeline(options=PipelineOptions([]))
    graphs.build_analyze(analyze, context, str(finished.parent / "sampled"))

    types = {
        label: kind for graph in (pipeline, cluster, analyze) for label, kind in kinds_of(graph)
    }
    # The transforms inside tf.Transform are not ours.
    foreign = ("Tokenize/ApplyTransform", "Tokenize/LoadTransform", "Analyze/Analyze/", "/Save/")
    ours = {label: kind for label, kind in types.items() if not any(f in label for f in foreign)}
    stages = ("Read/ReadSplit", "Tokenize/Unwrap", "Encode/EncodePart", "Write/WritePart")
    assert {f"Embed/{stage}" for stage in stages} <= set(ours)
    theirs = ("Analyze", "Analyze/Save")
    untyped = [n for n, kind in ours.items() if kind is typehints.Any and n not in theirs]
    assert untyped == []
    assert ours["Embed/Write/WritePart"] is Receipt
    # Text crosses a shuffle on a cluster alone, and only what one worker reads many parts of.
    assert "EmbedShared/Read/Share" in dict(kinds_of(cluster))
    assert not any("Read/Share" in label for label, _ in kinds_of(pipeline))


def test_the_root_cause_of_a_runners_error_is_shown() -> None:
    text = "Traceback (most recent call last):\nRuntimeError: OSError: disk [while running 'W']"
    assert errors.root_cause(RuntimeError(text)) == "disk"
    assert errors.root_cause(KeyError("x")) == "'x'"
    assert errors.root_cause(RuntimeError("")) == "RuntimeError"
