from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from tests.transforms.parts import EchoEngine, make_tokenized
from transforms import encode
from transforms.batching.batches import BatchingConfig
from transforms.embedding.embed import EmbeddingConfig
from transforms.encode import EncodeConfig, EncodeParts
from transforms.metrics import padding_positions
from transforms.records.record_config import RecordConfig
from transforms.write import WriteParts


def test_the_main_job_tells_the_runner_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "_LOADED", {})
    monkeypatch.setattr(encode, "load_engine", lambda _: EchoEngine())
    # Batches of 8 positions: [4, 3] and [3, 3], padded by one, and [3].
    parts = [
        make_tokenized([[2, 5, 3], None, [2, 6, 7, 3]]),
        make_tokenized([[2, 8, 3], [2, 1, 3], [2, 9, 3]], start=50),
    ]
    embedding = EmbeddingConfig(("mean",), batching=BatchingConfig(8))
    config = EncodeConfig("unused", "0", embedding)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        receipts = (
            pipeline
            | beam.Create(parts)
            | EncodeParts(config)
            | WriteParts(str(tmp_path), RecordConfig(("mean",)))
        )

        def check(receipts: list) -> None:
            assert sum(receipt.counts["padded_tokens"] for receipt in receipts) == 17
            for receipt in receipts:
                assert "padding_positions" not in receipt.counts
                assert not [name for name in receipt.seconds if "batch" in name]

        assert_that(receipts, check)
    metrics = pipeline.result.metrics().query()
    counts = {
        metric.key.metric.name: metric.committed
        for metric in metrics["counters"]
        if metric.key.metric.namespace == "beam_bert"
    }
    wanted = {"documents": 6, "embedded": 5, "rejected": 1, "num_wordpieces": 6, "num_unknown": 1}
    wanted |= {"computed_tokens": 16, "padded_tokens": 17, "padding_positions": 1, "batches": 3}
    assert {name: counts[name] for name in wanted} == wanted
    (latency,) = (
        metric.committed
        for metric in metrics["distributions"]
        if metric.key.metric.name == "batch_microseconds"
    )
    assert latency.count == 3
    assert latency.sum >= latency.max >= latency.min >= 0


def test_a_batch_that_failed_is_no_padding() -> None:
    assert padding_positions({"computed_tokens": 9, "padded_tokens": 5}) == 0
    assert padding_positions({}) == 0
