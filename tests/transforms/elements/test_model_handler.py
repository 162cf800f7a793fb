from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.ml.inference.base import KeyedModelHandler, RunInference
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from transforms import BertModelHandler, Rejected

SETTINGS = {"engine": "tensorflow", "max_seq_length": 8, "normalize": True}
TEXTS = ["the cat sat", " ", "a dog", "on a mat"]


def test_run_inference_embeds_and_tells_its_metrics(tiny_path: Path) -> None:
    handler = BertModelHandler(str(tiny_path), ["mean", "sequence_output"], **SETTINGS)
    wanted = handler.load_model().embed(TEXTS).vectors
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        predictions = (
            pipeline
            | beam.Create(list(enumerate(TEXTS)))
            | RunInference(KeyedModelHandler(handler))
        )

        def check(results: list) -> None:
            assert sorted(key for key, _ in results) == [0, 1, 2, 3]
            for key, prediction in results:
                assert prediction.example == TEXTS[key]
                if key == 1:
                    assert prediction.inference == wanted[1]
                    assert isinstance(prediction.inference, Rejected)
                    assert prediction.inference.reason == "empty"
                    continue
                assert set(prediction.inference) == {"mean", "sequence_output"}
                for name, vectors in prediction.inference.items():
                    np.testing.assert_allclose(vectors, wanted[key][name], atol=1e-5)
                np.testing.assert_allclose(np.linalg.norm(prediction.inference["mean"]), 1, 1e-5)

        assert_that(predictions, check)
    counted = pipeline.result.metrics().query()
    names = {
        metric.key.metric.name: metric.committed
        for kind in ("counters", "distributions")
        for metric in counted[kind]
        if metric.key.metric.namespace == "beam_bert"
    }
    assert names["num_inferences"] == len(TEXTS)
    assert (names["documents"], names["embedded"], names["rejected"]) == (4, 3, 1)
    assert names["inference_request_batch_size"].max <= len(TEXTS)
    assert names["load_model_latency_milli_secs"].count == 1


def test_a_handler_refuses_what_would_change_nothing(tiny_path: Path) -> None:
    handler = BertModelHandler(str(tiny_path), "mean", **SETTINGS)
    with pytest.raises(ValueError, match="takes no inference_args"):
        handler.run_inference(["a"], None, {"temperature": 1})
    assert handler.get_num_bytes(["ab", "c"]) == 12
    with pytest.raises(ValueError, match="`features` has 'nothing'"):
        BertModelHandler(str(tiny_path), "nothing")
