import typing
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_stream import TestStream
from apache_beam.testing.util import assert_that, is_empty
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from apache_beam.typehints.row_type import RowTypeConstraint

from transforms import BertEmbeddings, encode
from transforms.bert.engines import Engine
from transforms.elements.embedder import Rejected, TextEmbedder
from transforms.elements.text_config import TextConfig
from transforms.embedding.loaded_model import LoadedModel

SETTINGS = {"engine": "tensorflow", "max_seq_length": 8}
TEXTS = ["the cat sat", "", "a dog", "on a mat on a mat on a mat on a mat", " ", "the cat sat"]


class Document(typing.NamedTuple):
    number: int
    body: str


@pytest.fixture(scope="module")
def embedder(tiny_module: object) -> TextEmbedder:
    config = TextConfig(("mean", "sequence_output"), **SETTINGS)
    loaded = encode.loading.load(tiny_module, tiny_module.outputs(config.features), config.compute)
    return TextEmbedder(config, tiny_module, LoadedModel(loaded))


@pytest.fixture(scope="module")
def expected(embedder: TextEmbedder) -> dict[str, dict[str, np.ndarray]]:
    """Vectors by text; what checks a collection is pickled, and a model cannot be."""
    texts = [text for text in (*TEXTS, "the cat") if text.strip()]
    return {text: embedder.embed([text]).vectors[0] for text in texts}


def same(actual: object, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(np.float32(actual), wanted, atol=1e-5)


@pytest.mark.slow
def test_each_element_has_vectors_or_a_reason(embedder: TextEmbedder) -> None:
    elements = [
        *TEXTS[:4],
        "\ud800",
        TEXTS[5],
        None,
        3,
        b"bytes",
        {"text": "a dog"},
        {"n": 1},
        {"text": "a", "mean": 0},
    ]
    batch = embedder.embed(elements)
    reasons = [row.reason if isinstance(row, Rejected) else None for row in batch.vectors]
    assert reasons == [
        *(None, "empty", None, None, "not_utf8", None),
        *("wrong_type", "wrong_type", "wrong_type", None, "missing_field", "wrong_type"),
    ]
    assert (batch.counts["embedded"], batch.counts["rejected"]) == (5, 7)
    first, last = batch.vectors[0], batch.vectors[5]
    assert first["mean"].shape == (16,)
    assert first["sequence_output"].shape == (5, 16)
    same(first["sequence_output"].mean(axis=0), first["mean"])
    same(last["mean"], first["mean"])
    same(batch.vectors[9]["mean"], batch.vectors[2]["mean"])
    assert batch.vectors[3]["sequence_output"].shape == (8, 16)
    assert embedder.embed([]).vectors == []
    assert embedder.embed([None]).vectors[0].reason == "wrong_type"


def test_texts_become_rows_and_what_has_none_a_dead_letter(
    tiny_path: Path, expected: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, loads, load_engine = ["mean", "sequence_output"], [], encode.load_engine

    def load(config: encode.EncodeConfig) -> Engine:
        loads.append(config)
        return load_engine(config)

    monkeypatch.setattr(encode, "_LOADED", {})
    monkeypatch.setattr(encode, "load_engine", load)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        texts = pipeline | beam.Create(TEXTS * 300, reshuffle=False).with_output_types(str)
        step = BertEmbeddings(str(tiny_path), features, **SETTINGS)
        embedded, rejected = texts | step.with_exception_handling()

        def check(rows: list) -> None:
            assert len(rows) == 4 * 300
            for row in rows[:4] + rows[-4:]:
                wanted = expected[row.text]
                same(row.mean, wanted["mean"])
                same(row.sequence_output, wanted["sequence_output"])
                assert list(row._asdict()) == ["text", "mean", "sequence_output"]

        def check_rejected(rows: list) -> None:
            assert len(rows) == 2 * 300
            assert {(row.element, row.reason) for row in rows} == {
                ("", "empty"),
                (" ", "empty"),
            }

        assert_that(embedded, check)
        assert_that(rejected, check_rejected, label="rejected")
    assert len(loads) == 1
    vector = Sequence[np.float32]
    assert embedded.element_type == RowTypeConstraint.from_fields(
        [("text", str), ("mean", vector), ("sequence_output", Sequence[vector])]
    )
    counted = pipeline.result.metrics().query()
    counts = {metric.key.metric.name: metric.committed for metric in counted["counters"]}
    assert (counts["documents"], counts["embedded"], counts["rejected"]) == (1800, 1200, 600)
    assert counts["num_wordpieces"] > counts["documents"]
    assert counts["padded_tokens"] >= counts["computed_tokens"] > 0
    (latency,) = [
        metric.committed
        for metric in counted["distributions"]
        if metric.key.metric.name == "batch_microseconds"
    ]
    assert latency.count == counts["batches"] > 0
    assert 0 < latency.min <= latency.max


def test_rows_keep_their_fields_and_dicts_get_arrays(tiny_path: Path, expected: dict) -> None:
    documents = [Document(1, "the cat sat"), Document(2, " "), Document(3, "a dog")]
    dicts = [{"body": "a dog", "tags": ["x"]}, {"tags": []}]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = BertEmbeddings(
            str(tiny_path), "mean", text_field="body", **SETTINGS
        ).with_exception_handling()
        rows = (
            pipeline | "Rows" >> beam.Create(documents).with_output_types(Document)
        ) | "OfRows" >> step
        mappings = (pipeline | "Dicts" >> beam.Create(dicts)) | "OfDicts" >> step

        def check_rows(rows: list) -> None:
            assert sorted((row.number, row.body) for row in rows) == [
                (1, "the cat sat"),
                (3, "a dog"),
            ]
            for row in rows:
                same(row.mean, expected[row.body]["mean"])

        def check_dicts(rows: list) -> None:
            (only,) = rows
            assert only["tags"] == ["x"]
            assert only["mean"].dtype == np.float32
            same(only["mean"], expected["a dog"]["mean"])

        assert_that(rows.embedded, check_rows)
        assert_that(
            rows.rejected | "Numbers" >> beam.Map(lambda row: (row.element.number, row.reason)),
            lambda rows: _is(rows, [(2, "empty")]),
            label="no text",
        )
        assert_that(mappings.embedded, check_dicts, label="dicts")
        assert_that(
            mappings.rejected | "Reasons" >> beam.Map(lambda row: row.reason),
            lambda rows: _is(rows, ["missing_field"]),
            label="no field",
        )
        # What can be encoded without pickling can be read by other languages.
        assert "number" in str(rows.embedded.element_type)


def _is(rows: list, wanted: list) -> None:
    assert rows == wanted


@pytest.mark.slow
def test_pairs_are_told_apart(tiny_path: Path) -> None:
    pairs = [{"text": "the cat", "b": "a dog"}, {"text": "the cat", "b": None}, {"text": "the cat"}]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = BertEmbeddings(str(tiny_path), "cls", text_b_field="b", **SETTINGS)
        embedded, rejected = pipeline | beam.Create(pairs) | step.with_exception_handling()

        def check(rows: list) -> None:
            first, second = sorted(rows, key=lambda row: row["b"] is None)
            assert np.abs(first["cls"] - second["cls"]).max() > 1e-3

        assert_that(embedded, check)
        assert_that(
            rejected | beam.Map(lambda row: row.detail),
            lambda rows: _is(rows, ["no field 'b'"]),
            label="rejected",
        )


def test_timestamps_and_windows_stay_in_a_stream(tiny_path: Path, expected: dict) -> None:
    stream = (
        TestStream()
        .add_elements([TimestampedValue("the cat sat", 3), TimestampedValue("", 4)])
        .advance_watermark_to(12)
        .add_elements([TimestampedValue("a dog", 15), TimestampedValue("the cat", 13)])
        .advance_watermark_to_infinity()
    )

    class Described(beam.DoFn):
        def process(
            self,
            row: typing.Any,
            timestamp: typing.Any = beam.DoFn.TimestampParam,
            window: typing.Any = beam.DoFn.WindowParam,
        ) -> typing.Iterator[tuple]:
            text = row.text if hasattr(row, "text") else row.element
            element = (text, float(timestamp), float(window.start), float(window.end))
            yield element, getattr(row, "mean", None)

    # FnApiRunner has no TestStream.
    options = PipelineOptions(["--streaming"])
    with beam.Pipeline(runner=BundleBasedDirectRunner(), options=options) as pipeline:
        embedded, rejected = (
            pipeline
            | stream
            | beam.WindowInto(FixedWindows(10))
            | BertEmbeddings(str(tiny_path), **SETTINGS).with_exception_handling()
        )

        def check(rows: list) -> None:
            assert sorted(element for element, _ in rows) == [
                ("a dog", 15.0, 10.0, 20.0),
                ("the cat", 13.0, 10.0, 20.0),
                ("the cat sat", 3.0, 0.0, 10.0),
            ]
            for (text, *_), mean in rows:
                same(mean, expected[text]["mean"])

        assert_that(embedded | "Described" >> beam.ParDo(Described()), check)
        assert_that(
            rejected | "DescribedRejected" >> beam.ParDo(Described()),
            lambda rows: _is([element for element, _ in rows], [("", 4.0, 0.0, 10.0)]),
            label="rejected",
        )


def test_a_collection_of_nothing_gives_nothing(tiny_path: Path) -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = BertEmbeddings(str(tiny_path), **SETTINGS).with_exception_handling()
        embedded, rejected = pipeline | beam.Create([]) | step
        assert_that(embedded, is_empty())
        assert_that(rejected, is_empty(), label="rejected")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"features": ["pooled"]}, ValueError, "`features` has 'pooled'"),
        ({"max_seq_length": 2}, ValueError, "`max_seq_length` is 2"),
        ({"window_stride": 3, "text_b_field": "b"}, ValueError, "`window_stride` is for documents"),
        ({"text_field": "mean"}, ValueError, "a text field has the name of a feature, 'mean'"),
        (
            {"precision": "auto"},
            ValueError,
            "`precision` auto compares .* give float32 or bfloat16",
        ),
        ({"engine": "abacus"}, ValueError, "`engine` is 'abacus'"),
        ({"truncate_dim": 0}, ValueError, "`truncate_dim` is 0"),
        ({"no_such": 1}, TypeError, "no_such"),
        ({"model": "/nowhere"}, ValueError, "/nowhere"),
    ],
)
def test_settings_that_mean_nothing_are_refused_at_once(
    settings: dict, error: type[Exception], message: str, tiny_path: Path
) -> None:
    with pytest.raises(error, match=message):
        BertEmbeddings(**{"model": str(tiny_path), **settings})


def test_rows_without_the_field_are_refused_when_the_pipeline_is_built(tiny_path: Path) -> None:
    step = BertEmbeddings(str(tiny_path), **SETTINGS)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    rows = pipeline | beam.Create([Document(1, "a")]).with_output_types(Document)
    with pytest.raises(ValueError, match="rows have no field 'text'; they have number, body"):
        rows | step
