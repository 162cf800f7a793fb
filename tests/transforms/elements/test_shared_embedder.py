import threading
from pathlib import Path

import numpy as np
import pytest

from transforms import BertModelHandler, encode
from transforms.bert.engines import Engine
from transforms.elements import shared_embedder
from transforms.elements.bert_embeddings import config_for_model
from transforms.elements.text_config import TextConfig

CONFIG = TextConfig(("mean",), engine="tensorflow", max_seq_length=8)


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "_LOADED", {})
    monkeypatch.setattr(shared_embedder, "_MADE", {})


def test_threads_and_steps_of_a_process_share_one_model_and_one_tokenizer(tiny_path: Path) -> None:
    loads = []

    def load(config: encode.EncodeConfig) -> Engine:
        loads.append(config)
        return encode.load_engine(config)

    settings = config_for_model(str(tiny_path), CONFIG)
    found = []

    def want() -> None:
        found.append(shared_embedder.shared_embedder(CONFIG, settings, load))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler = BertModelHandler(str(tiny_path), "mean", engine="tensorflow", max_seq_length=8)
    assert len(loads) == 1
    assert {id(each) for each in (*found, handler.load_model())} == {id(found[0])}


@pytest.mark.slow
def test_other_fields_are_another_embedder_of_the_same_model(tiny_path: Path) -> None:
    settings = config_for_model(str(tiny_path), CONFIG)
    one = shared_embedder.shared_embedder(CONFIG, settings)
    body = TextConfig(("mean",), engine="tensorflow", max_seq_length=8, text_field="body")
    other = shared_embedder.shared_embedder(body, settings)
    assert other is not one
    assert other.model is one.model
    (of_text,) = one.embed(["the cat"]).vectors
    (of_body,) = other.embed([{"body": "the cat"}]).vectors
    np.testing.assert_array_equal(of_text["mean"], of_body["mean"])
