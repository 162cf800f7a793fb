import dataclasses
from collections import ChainMap, UserDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import BertModelHandler, encode
from transforms.bert.engines import Engine
from transforms.bert.module import BertModule
from transforms.elements import embedder as embedders
from transforms.elements.bert_embeddings import config_for_model
from transforms.elements.element_fields import add_vectors, escape_surrogates, fields_of
from transforms.elements.embedder import Rejected, TextEmbedder, shared_embedder
from transforms.elements.text_config import TextConfig
from transforms.embedding.loaded_model import LoadedModel

CONFIG = TextConfig(("mean", "sequence_output"), engine="tensorflow", max_seq_length=8)
WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "a", "dogs", "猫", "?"])).map(" ".join)
TEXTS = WORDS | st.text(st.characters(), max_size=6)
ELEMENTS = TEXTS | st.none() | st.integers() | st.binary(max_size=3)
ELEMENTS |= st.dictionaries(st.sampled_from(["text", "mean", "n"]), TEXTS | st.none(), max_size=2)


@pytest.fixture(scope="module")
def embedder(tiny_module: BertModule) -> TextEmbedder:
    wanted = tiny_module.outputs(CONFIG.features)
    engine = encode.loading.load(tiny_module, wanted, CONFIG.compute)
    return TextEmbedder(CONFIG, tiny_module, LoadedModel(engine))


@settings(max_examples=40, deadline=None)
@given(elements=st.lists(ELEMENTS, max_size=12))
def test_every_element_has_vectors_or_a_reason_whatever_stands_beside_it(
    embedder: TextEmbedder, elements: list
) -> None:
    batch = embedder.embed(elements)
    assert len(batch.vectors) == len(elements)
    rejected = sum(isinstance(vectors, Rejected) for vectors in batch.vectors)
    assert batch.counts.get("rejected", 0) == rejected
    assert batch.counts.get("embedded", 0) == len(elements) - rejected
    for element, together in zip(elements, batch.vectors, strict=True):
        (alone,) = embedder.embed([element]).vectors
        if isinstance(together, Rejected):
            assert alone == together
            continue
        for name, vectors in together.items():
            np.testing.assert_allclose(vectors, alone[name], atol=1e-5)


@given(st.text(st.characters()) | st.dictionaries(st.text(), st.text(st.characters())))
def test_what_is_escaped_can_be_encoded_and_what_can_stays(element: object) -> None:
    escaped = escape_surrogates(element)
    texts = list(escaped.values()) if isinstance(escaped, dict) else [escaped]
    before = list(element.values()) if isinstance(element, dict) else [element]
    for text, original in zip(texts, before, strict=True):
        text.encode()
        if not any("\ud800" <= char <= "\udfff" for char in original):
            assert text == original


def test_a_class_is_no_element() -> None:
    assert fields_of(TextConfig, "text") is None
    assert fields_of(b"raw", "text") == {"text": b"raw"}


@pytest.fixture
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "_LOADED", {})
    monkeypatch.setattr(embedders, "_EMBEDDERS", {})


@pytest.mark.usefixtures("fresh_process")
def test_threads_and_steps_of_a_process_share_one_model_and_one_tokenizer(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads, load_engine = [], encode.load_engine

    def load(config: encode.EncodeConfig) -> Engine:
        loads.append(config)
        return load_engine(config)

    monkeypatch.setattr(encode, "load_engine", load)
    config = config_for_model(str(tiny_path), CONFIG)
    with ThreadPoolExecutor(4) as threads:
        shared = list(threads.map(lambda _: shared_embedder(CONFIG, config), range(4)))
    handler = BertModelHandler(
        str(tiny_path), CONFIG.features, engine="tensorflow", max_seq_length=8
    )
    assert len(loads) == 1
    assert {id(each) for each in (*shared, handler.load_model())} == {id(shared[0])}


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_process")
def test_other_fields_are_another_embedder_of_the_same_model(tiny_path: Path) -> None:
    config = config_for_model(str(tiny_path), CONFIG)
    one = shared_embedder(CONFIG, config)
    body = dataclasses.replace(CONFIG, text_field="body")
    other = shared_embedder(body, config)
    assert other is not one
    assert other.model is one.model
    (of_text,) = one.embed(["the cat"]).vectors
    (of_body,) = other.embed([{"body": "the cat"}]).vectors
    np.testing.assert_array_equal(of_text["mean"], of_body["mean"])


def test_every_mapping_becomes_a_dict_with_arrays() -> None:
    for mapping in (UserDict(text="a"), ChainMap({"text": "a"}), {"text": "a"}):
        vector = np.float32([1, 2])
        added = add_vectors(mapping, {"mean": vector}, "text")
        assert type(added) is dict
        assert added == {"text": "a", "mean": vector}  # the same array
