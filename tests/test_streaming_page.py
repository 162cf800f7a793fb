"""The pipelines of docs/streaming.md that need a server: their graphs are built."""

import re
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner

PAGE = Path(__file__).parents[1] / "docs/streaming.md"
BLOCKS = [
    block
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    if "def build(" in block
]


class _Messages(beam.PTransform):
    """A source of the elements that ReadFromKafka has."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def expand(self, start: Any) -> beam.PCollection:
        return start | beam.Create([(b"1", b'{"id": 1, "text": "Is it far?"}')])


@pytest.mark.parametrize("block", BLOCKS, ids=["pubsub", "kafka"])
def test_the_graph_of_a_pipeline_can_be_built(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "ReadFromPubSub" in block:
        pytest.importorskip("google.cloud.pubsub")
    monkeypatch.setattr("apache_beam.io.kafka.ReadFromKafka", _Messages)
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102  (a page of this repository)
    options = PipelineOptions(["--streaming"])
    pipeline = beam.Pipeline(runner=BundleBasedDirectRunner(), options=options)
    names["build"](pipeline)
    labels: list[str] = []

    class _Collect(beam.pipeline.PipelineVisitor):
        def visit_transform(self, node: Any) -> None:
            labels.append(node.full_label)

    pipeline.visit(_Collect())
    assert [label for label in labels if "GroupIntoBatches" in label or "Batch/Group" in label]
