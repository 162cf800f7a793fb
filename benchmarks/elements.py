"""Compare the ways to embed elements of a pipeline, in batch and in streams.

    python -m benchmarks.elements

embeds the same passages of prose by each, alternately in one process with one model, after a first
run that is not counted. It prints documents/s, and the ratio to `BertEmbeddings` in each round. The
bundles of the streams have one element, as those of a quiet source.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference
from apache_beam.ml.transforms.base import MLTransform
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.test_stream import TestStream

from benchmarks import machine, pages, prose
from benchmarks.spread import Spread
from transforms import BertEmbeddings, BertHubEmbeddings, BertModelHandler
from transforms.elements.bert_embeddings import config_for_model
from transforms.elements.embed_elements import MAX_ELEMENTS
from transforms.elements.embedder import shared_embedder
from transforms.elements.text_config import TextConfig

_LATER = 4_000_000_000
Contender = Callable[[Sequence[str]], None]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    arguments = parser.parse_args()
    texts = prose.draw_documents(arguments.documents)
    for run in CONTENDERS.values():
        run(texts[:16])
    rounds = [_round(texts, odd=number % 2 == 1) for number in range(arguments.rounds)]
    lines = [_line(name, len(texts), rounds) for name in CONTENDERS]
    head = ["", "documents/s", "speed / BertEmbeddings"]
    print(f"\n{machine.describe()}; {machine.today()}\n\n{pages.table(head, lines)}")


def _round(texts: Sequence[str], *, odd: bool) -> dict[str, float]:
    seconds = {}
    for name, run in list(CONTENDERS.items())[:: -1 if odd else 1]:
        start = time.perf_counter()
        run(texts)
        seconds[name] = time.perf_counter() - start
        print(f"  {len(texts) / seconds[name]:>7,.1f} documents/s  {name}", file=sys.stderr)
    return seconds


def _line(name: str, documents: int, rounds: Sequence[dict[str, float]]) -> list[str]:
    speeds = Spread.of(documents / seconds[name] for seconds in rounds)
    ratios = Spread.of(seconds[_STEP] / seconds[name] for seconds in rounds)
    return [name, speeds.to_text(), ratios.to_text(2)]


def _embed_alone(texts: Sequence[str]) -> None:
    config = TextConfig()
    embedder = shared_embedder(config, config_for_model("minilm", config))
    for start in range(0, len(texts), MAX_ELEMENTS):
        embedder.embed(texts[start : start + MAX_ELEMENTS])


def _of_batch(elements: Sequence[Any], step: beam.PTransform) -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        _ = pipeline | beam.Create(elements, reshuffle=False) | step


def _by_step(texts: Sequence[str]) -> None:
    _of_batch(texts, BertEmbeddings())


def _by_ml_transform(texts: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        step = MLTransform(write_artifact_location=f"{folder}/artifacts")
        hub = BertHubEmbeddings(columns=["text"])
        _of_batch([{"text": text} for text in texts], step.with_transform(hub))


def _by_run_inference(texts: Sequence[str]) -> None:
    _of_batch(texts, RunInference(BertModelHandler()))


def _of_stream(texts: Sequence[str], max_latency_seconds: float | None) -> None:
    stream = TestStream()
    for text in texts:
        stream = stream.add_elements([text])
    options = PipelineOptions(["--streaming"])
    with beam.Pipeline(runner=BundleBasedDirectRunner(), options=options) as pipeline:
        step = BertEmbeddings(max_latency_seconds=max_latency_seconds)
        # Its clock starts at 0: let timers of real time fire.
        stream = stream.advance_processing_time(_LATER)
        _ = pipeline | stream.advance_watermark_to_infinity() | step


def _of_small_bundles(texts: Sequence[str]) -> None:
    _of_stream(texts, None)


def _of_filled_batches(texts: Sequence[str]) -> None:
    _of_stream(texts, 1)


_STEP = "`BertEmbeddings`"
CONTENDERS: dict[str, Contender] = {
    "the embedder without Beam": _embed_alone,
    _STEP: _by_step,
    "`MLTransform` with `BertHubEmbeddings`": _by_ml_transform,
    "`RunInference` with `BertModelHandler`": _by_run_inference,
    "a stream": _of_small_bundles,
    "a stream, `max_latency_seconds=1`": _of_filled_batches,
}

if __name__ == "__main__":
    main()
