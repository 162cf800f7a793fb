import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import encode
from transforms.bert.module import BertModule
from transforms.elements.text_config import TextConfig
from transforms.elements.text_embedder import Rejected, TextEmbedder, as_unicode, fields_of

CONFIG = TextConfig(("mean", "sequence_output"), engine="tensorflow", max_seq_length=8)
WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "a", "dogs", "猫", "?"])).map(" ".join)
TEXTS = WORDS | st.text(st.characters(), max_size=6)
ELEMENTS = TEXTS | st.none() | st.integers() | st.binary(max_size=3)
ELEMENTS |= st.dictionaries(st.sampled_from(["text", "mean", "n"]), TEXTS | st.none(), max_size=2)


@pytest.fixture(scope="module")
def embedder(tiny_module: BertModule) -> TextEmbedder:
    wanted = encode.OutputSpec.of(CONFIG.features)
    return TextEmbedder(
        CONFIG, tiny_module, encode.loading.load(tiny_module, wanted, CONFIG.compute)
    )


@settings(max_examples=40, deadline=None)
@given(elements=st.lists(ELEMENTS, max_size=12))
def test_every_element_has_vectors_or_a_reason_whatever_stands_beside_it(
    embedder: TextEmbedder, elements: list
) -> None:
    found = embedder.embed(elements)
    assert len(found.vectors) == len(elements)
    rejected = sum(isinstance(vectors, Rejected) for vectors in found.vectors)
    assert found.counts.get("rejected", 0) == rejected
    assert found.counts.get("embedded", 0) == len(elements) - rejected
    for element, together in zip(elements, found.vectors, strict=True):
        (alone,) = embedder.embed([element]).vectors
        if isinstance(together, Rejected):
            assert alone == together
            continue
        for name, vectors in together.items():
            np.testing.assert_allclose(vectors, alone[name], atol=1e-5)


@given(st.text(st.characters()) | st.dictionaries(st.text(), st.text(st.characters())))
def test_what_is_escaped_can_be_encoded_and_what_can_stays(element: object) -> None:
    escaped = as_unicode(element)
    texts = list(escaped.values()) if isinstance(escaped, dict) else [escaped]
    before = list(element.values()) if isinstance(element, dict) else [element]
    for text, own in zip(texts, before, strict=True):
        text.encode()
        if not any("\ud800" <= char <= "\udfff" for char in own):
            assert text == own


def test_a_class_is_no_element() -> None:
    assert fields_of(TextConfig, "text") is None
    assert fields_of(b"raw", "text") == {"text": b"raw"}
