import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from tests.transforms.parts import EchoEngine, make_tokenized
from transforms import encode
from transforms.batching.batches import BatchingConfig
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded
from transforms.embedding import loaded_model
from transforms.embedding.embed import EmbeddingConfig
from transforms.encode import EncodeConfig, EncodeParts
from transforms.running.board import Board


class CountingEngine(EchoEngine):
    """Records the number of concurrent calls."""

    def __init__(self) -> None:
        super().__init__()
        self.running = 0
        self.most_at_once = 0

    def run(self, *inputs: object) -> Encoded:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        time.sleep(0.002)
        result = super().run(*inputs)
        self.running -= 1
        return result


@pytest.fixture
def fresh_process() -> Iterator[None]:
    encode._LOADED.clear()
    yield
    encode._LOADED.clear()


@pytest.mark.usefixtures("fresh_process")
def test_concurrent_bundles_share_one_model_and_compute_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, loads = CountingEngine(), []

    def load(config: EncodeConfig) -> CountingEngine:
        time.sleep(0.05)
        loads.append(config)
        return engine

    monkeypatch.setattr(encode, "load_engine", load)
    parts = [
        make_tokenized([[2, 5 + n, 5 + k, 3] for k in range(5)], start=100 * n) for n in range(16)
    ]
    embedding = EmbeddingConfig(("mean", "sequence_output"), batching=BatchingConfig(4))
    settings = EncodeConfig("unused", "0", embedding)
    options = PipelineOptions(["--direct_num_workers=4", "--direct_running_mode=multi_threading"])
    for _ in range(2):
        with beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
            _ = pipeline | beam.Create(parts) | beam.Reshuffle() | EncodeParts(settings)
        distributions = {
            d.key.metric.name: d for d in pipeline.result.metrics().query()["distributions"]
        }
        latency = distributions["batch_microseconds"].committed
        assert latency.count == 16 * 5
        assert 0 < latency.min <= latency.max
    assert len(loads) == 1
    assert engine.most_at_once == 1
    assert len(engine.shapes) == 2 * 16 * 5


@pytest.mark.usefixtures("fresh_process")
def test_a_part_is_on_the_board_until_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "load_engine", lambda _: EchoEngine())
    settings = EncodeConfig("unused", "0", EmbeddingConfig(("mean",), batching=BatchingConfig(4)))
    stage = encode._EncodePart(settings)
    stage.setup()
    shares: list[float] = []
    board = Board()
    board.call_on_change(lambda: shares.extend(part.share for part in board.snapshot().parts))
    monkeypatch.setattr(encode, "BOARD", board)
    for _ in stage.process(make_tokenized([[2, 5 + n, 6, 3] for n in range(5)])):
        (part,) = board.snapshot().parts
        assert (part.documents, part.tokens, part.share) == (5, 20, 1.0)
    assert shares == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert board.snapshot().parts == ()


@pytest.mark.usefixtures("fresh_process")
def test_a_bundle_begins_while_the_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()

    def load(_: EncodeConfig) -> EchoEngine:
        assert loaded.wait(60)
        return EchoEngine()

    monkeypatch.setattr(encode, "load_engine", load)
    settings = EncodeConfig("unused", "0", EmbeddingConfig(("mean",), batching=BatchingConfig(4)))
    stage = encode._EncodePart(settings)
    stage.setup()
    # A runner reads and tokenizes here.
    assert not loaded.is_set()
    loaded.set()
    (embedded,) = stage.process(make_tokenized([[2, 5, 6, 3]]))
    assert embedded.num_rows == 1


@pytest.mark.usefixtures("fresh_process")
def test_a_model_that_was_not_loaded_fails_the_bundle_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: EncodeConfig) -> EchoEngine:
        raise ValueError("no memory")

    settings = EncodeConfig("unused", "0", EmbeddingConfig(("mean",), batching=BatchingConfig(4)))
    part = make_tokenized([[2, 5, 6, 3]])
    stage = encode._EncodePart(settings)
    monkeypatch.setattr(encode, "load_engine", fail)
    stage.setup()
    for _ in range(2):
        with pytest.raises(ValueError, match="no memory"):
            next(stage.process(part))
    monkeypatch.setattr(encode, "load_engine", lambda _: EchoEngine())
    stage.setup()
    (embedded,) = stage.process(part)
    assert embedded.num_rows == 1


@pytest.mark.usefixtures("fresh_process")
def test_a_worker_refuses_other_weights_than_the_job_was_planned_with(
    tiny_module: BertModule,
) -> None:
    settings = EncodeConfig(str(tiny_module.path), "f" * 64, EmbeddingConfig(("mean",)))
    with pytest.raises(ValueError, match="`model_sha256` is ffff"):
        encode.load_engine(settings)


def test_unpacked_weights_that_have_changed_are_refused_at_every_load(
    tiny_module: BertModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as tar:
        tar.add(tiny_module.path, ".")
    settings = EncodeConfig(
        str(tmp_path / "m.tar.gz"), tiny_module.fingerprint, EmbeddingConfig(("mean",))
    )
    assert encode.load_engine(settings).hidden_size == 16
    (weights,) = (tmp_path / "cache").rglob("variables.data*")
    content = bytearray(weights.read_bytes())
    content[100] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match=f"`model_sha256` is {tiny_module.fingerprint}, but"):
        encode.load_engine(settings)


def test_a_shape_that_fails_to_warm_up_is_tried_again_and_keeps_no_other_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    batches = []

    class Engine:
        def run(self, ids: np.ndarray, mask: np.ndarray, segments: np.ndarray) -> None:
            batches.append((ids.shape, mask.sum(), segments.sum()))
            if ids.size > 8:
                raise MemoryError("no room")

    loaded_model.warm_up(Engine(), [(2, 8), (2, 4)])
    assert sorted(batches) == [((2, 4), 8, 0), ((2, 8), 16, 0), ((2, 8), 16, 0)]
    assert [record.getMessage() for record in caplog.records] == [
        "A batch of shape [2, 8] fails: no room"
    ]
