"""BertEmbeddings in streams: batches over bundles, late elements, retries."""

import typing
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.ml.rag.types import Chunk, Content
from apache_beam.ml.transforms.base import MLTransform
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_stream import TestStream
from apache_beam.testing.util import assert_that
from apache_beam.transforms.trigger import AccumulationMode, AfterCount, AfterWatermark
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from transforms import BertEmbeddings
from transforms.elements.embedder import TextEmbedder
from transforms.elements.hub_embeddings import BertHubEmbeddings

SETTINGS = {"engine": "tensorflow", "max_seq_length": 8}
TIMED = [("the cat sat", 3), ("a dog", 13), ("", 4), ("the cat", 12), ("a mat", 9), ("a dog", 9)]
# Seconds since 1970 that are later than any real time; the clock of the runner starts at 0.
LATER = 4_000_000_000


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches that are embedded."""
    sizes: list[int] = []
    embed_records = TextEmbedder.embed_records

    def recorded(embedder: TextEmbedder, records: typing.Any) -> typing.Any:
        if records:
            sizes.append(len(records))
        return embed_records(embedder, records)

    monkeypatch.setattr(TextEmbedder, "embed_records", recorded)
    return sizes


def streaming() -> beam.Pipeline:
    # FnApiRunner has no TestStream.
    return beam.Pipeline(runner=BundleBasedDirectRunner(), options=PipelineOptions(["--streaming"]))


def one_by_one(timed: list[tuple[str, int]]) -> TestStream:
    """A stream whose bundles have one element."""
    stream = TestStream()
    for text, second in timed:
        stream = stream.add_elements([TimestampedValue(text, second)])
    return ended(stream)


def ended(stream: TestStream) -> TestStream:
    """Let windows end, then timers fire: at infinity alone, this runner does neither."""
    stream = stream.advance_watermark_to(100).advance_processing_time(LATER)
    return stream.advance_watermark_to_infinity()


class _Place(beam.DoFn):
    def process(
        self,
        row: typing.Any,
        timestamp: typing.Any = beam.DoFn.TimestampParam,
        window: typing.Any = beam.DoFn.WindowParam,
    ) -> typing.Iterator[tuple]:
        text = row.text if hasattr(row, "text") else row.element
        yield text, int(timestamp), int(window.start), int(window.end)


def _is(rows: list, wanted: list) -> None:
    assert sorted(rows) == sorted(wanted)


@pytest.mark.parametrize(("latency", "sizes"), [(None, [1] * 6), (60, [2, 4])], ids=str)
def test_batches_are_filled_over_bundles_and_windows_stay_apart(
    tiny_path: Path, batches: list[int], latency: float | None, sizes: list[int]
) -> None:
    with streaming() as pipeline:
        step = BertEmbeddings(str(tiny_path), max_latency_seconds=latency, **SETTINGS)
        embedded, rejected = (
            pipeline
            | one_by_one(TIMED)
            | beam.WindowInto(FixedWindows(10))
            | step.with_exception_handling()
        )
        places = [(text, second, second // 10 * 10) for text, second in TIMED]
        wanted = [(*place, place[-1] + 10) for place in places]
        assert_that(
            embedded | beam.ParDo(_Place()),
            lambda rows: _is(rows, [place for place in wanted if place[0]]),
        )
        assert_that(
            rejected | "Rejected" >> beam.ParDo(_Place()),
            lambda rows: _is(rows, [place for place in wanted if not place[0]]),
            label="rejected",
        )
    assert sorted(batches) == sizes


def test_an_element_waits_no_longer_than_the_latency(tiny_path: Path, batches: list[int]) -> None:
    stream = (
        TestStream()
        .add_elements(["the cat"])
        .add_elements(["a dog"])
        .advance_processing_time(LATER)
        .add_elements(["a mat"])
        .advance_watermark_to_infinity()
    )
    with streaming() as pipeline:
        step = BertEmbeddings(str(tiny_path), max_latency_seconds=0.5, **SETTINGS)
        texts = pipeline | stream | step | beam.Map(lambda row: row.text)
        assert_that(texts, lambda rows: _is(rows, ["the cat", "a dog", "a mat"]))
    assert batches == [2, 1]


@pytest.mark.parametrize("latency", [None, 60], ids=str)
def test_late_elements_are_in_a_late_pane(tiny_path: Path, latency: float | None) -> None:
    stream = (
        TestStream()
        .add_elements([TimestampedValue("the cat", 3), TimestampedValue("a dog", 4)])
        .advance_watermark_to(12)
        .add_elements([TimestampedValue("a mat", 5)])
        .advance_watermark_to_infinity()
    )
    windows = beam.WindowInto(
        FixedWindows(10),
        trigger=AfterWatermark(late=AfterCount(1)),
        accumulation_mode=AccumulationMode.DISCARDING,
        allowed_lateness=3600,
    )
    with streaming() as pipeline:
        step = BertEmbeddings(str(tiny_path), max_latency_seconds=latency, **SETTINGS)
        panes = (
            pipeline
            | stream
            | windows
            | step
            | beam.Map(lambda row: ("all", row.text))
            | beam.GroupByKey()
            | beam.MapTuple(lambda _, texts: tuple(sorted(texts)))
        )
        assert_that(panes, lambda rows: _is(rows, [("a dog", "the cat"), ("a mat",)]))


class _FailsOnce(beam.DoFn):
    failed: typing.ClassVar[set[str]] = set()

    def __init__(self, name: str) -> None:
        self._name = name

    def process(self, element: typing.Any) -> typing.Iterator[typing.Any]:
        if self._name not in self.failed:
            self.failed.add(self._name)
            raise ValueError("the first try fails")
        yield element


@pytest.mark.parametrize("latency", [None, 60], ids=str)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_bundle_that_is_tried_again_gives_its_elements_once(
    tiny_path: Path, latency: float | None, before: bool
) -> None:
    name = f"{latency}{before}"
    with streaming() as pipeline:
        step = BertEmbeddings(str(tiny_path), max_latency_seconds=latency, **SETTINGS)
        fails = "FailsOnce" >> beam.ParDo(_FailsOnce(name))
        texts = pipeline | one_by_one([(text, second) for text, second in TIMED if text])
        rows = (texts | fails | step) if before else (texts | step | fails)
        assert_that(
            rows | beam.Map(lambda row: row.text),
            lambda rows: _is(rows, [text for text, _ in TIMED if text]),
        )
    assert name in _FailsOnce.failed


def test_chunks_in_a_stream_of_ml_transform(
    tiny_path: Path, tmp_path: Path, batches: list[int]
) -> None:
    hub = BertHubEmbeddings(model=str(tiny_path), max_latency_seconds=60, **SETTINGS)
    chunks = [Chunk(Content(text=text), id=text) for text in ("the cat", "a dog", "a mat")]
    stream = TestStream()
    for chunk in chunks:
        stream = stream.add_elements([chunk])
    with streaming() as pipeline:
        step = MLTransform(write_artifact_location=str(tmp_path)).with_transform(hub)
        embedded = pipeline | ended(stream) | step
        widths = embedded | beam.Map(lambda chunk: (chunk.id, len(chunk.dense_embedding)))
        assert_that(widths, lambda rows: _is(rows, [(chunk.id, 16) for chunk in chunks]))
    assert batches == [3]


def test_latency_changes_no_vector_of_a_batch_pipeline(tiny_path: Path) -> None:
    texts = [text for text, _ in TIMED if text]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create(texts)
        settings = {"max_seq_length": 8, "engine": "tensorflow"}
        batch = source | "Batch" >> BertEmbeddings(str(tiny_path), **settings)
        timed = source | "Timed" >> BertEmbeddings(
            str(tiny_path), max_latency_seconds=0.1, **settings
        )
        pairs = (batch, timed) | beam.Flatten() | beam.Map(lambda row: (row.text, row.mean))

        def check(rows: list) -> None:
            assert len(rows) == 2 * len(texts)
            for text in set(texts):
                first, *others = [mean for name, mean in rows if name == text]
                for other in others:
                    np.testing.assert_allclose(other, first, atol=1e-6)

        assert_that(pairs, check)


@pytest.mark.parametrize("latency", [0, -1, float("nan")])
def test_a_latency_is_positive(tiny_path: Path, latency: float) -> None:
    with pytest.raises(ValueError, match="`max_latency_seconds` is"):
        BertEmbeddings(str(tiny_path), max_latency_seconds=latency, **SETTINGS)
