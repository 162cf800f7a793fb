"""Items of apache_beam.ml.rag (`Chunk`) in BertEmbeddings and in RunInference."""

import copy
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.ml.inference.base import RunInference
from apache_beam.ml.rag.types import Chunk, Content, EmbeddableItem, Embedding
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from transforms import BertEmbeddings, BertModelHandler
from transforms.elements.column_forms import Items
from transforms.elements.element_fields import as_encodable, with_dense

SETTINGS = {"engine": "tensorflow", "max_seq_length": 8}
SPARSE = ([1, 5], [0.5, 0.25])
ITEMS = [
    Chunk(Content(text="the cat sat"), id="a#0", index=0, metadata={"page": 1, "of": ["x"]}),
    EmbeddableItem.from_text("a dog", id="a#1", index=1),
    Chunk(Content(text="the cat"), id="b", embedding=Embedding(sparse_embedding=SPARSE)),
]
WITHOUT_VECTORS = [
    (Chunk(Content(text=" "), id="blank"), "empty"),
    (Chunk(Content(image="a.jpg"), id="image"), "wrong_type"),
    (Chunk(None, id="none"), "wrong_type"),  # type: ignore[arg-type]
    (Chunk(Content(text="a"), id="has", embedding=Embedding([1.0])), "wrong_type"),
    (Chunk(Content(text="a \ud800"), id="surrogate"), "not_utf8"),
]


def test_items_get_a_dense_embedding_and_keep_the_rest(tiny_path: Path) -> None:
    before = copy.deepcopy(ITEMS)
    texts = [item.content.text for item in ITEMS]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        items = pipeline | "Items" >> beam.Create(ITEMS)
        embedded = items | "OfItems" >> BertEmbeddings(str(tiny_path), **SETTINGS)
        rows = (pipeline | "Texts" >> beam.Create(texts)) | BertEmbeddings(
            str(tiny_path), **SETTINGS
        )
        assert embedded.element_type is EmbeddableItem

        def check(actual: list, wanted: dict) -> None:
            (actual,) = actual
            assert [item.id for item in actual] == ["a#0", "a#1", "b"]
            for item, old in zip(actual, before, strict=True):
                np.testing.assert_allclose(
                    item.dense_embedding, wanted[item.content.text], atol=1e-6
                )
                assert type(item.dense_embedding[0]) is float
                item.embedding = old.embedding
                assert item == old
            assert wanted

        apart = embedded | beam.Reshuffle() | beam.combiners.ToList()
        apart = apart | beam.Map(lambda items: sorted(items, key=lambda item: item.id))
        vectors = rows | beam.Map(lambda row: (row.text, row.mean))
        _ = apart | "Check" >> beam.Map(
            lambda items, wanted: check([items], wanted), beam.pvalue.AsDict(vectors)
        )
        sparse = embedded | "Sparse" >> beam.Map(lambda item: item.sparse_embedding)
        assert_that(sparse, lambda rows: _is(sorted(rows, key=str), [SPARSE, None, None]))
    assert before == ITEMS


def _is(rows: list, wanted: list) -> None:
    assert rows == wanted


def test_items_without_a_text_are_rejected_whole(tiny_path: Path) -> None:
    items = [item for item, _ in WITHOUT_VECTORS]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create([0]) | beam.FlatMap(lambda _: items)
        step = BertEmbeddings(str(tiny_path), **SETTINGS).with_exception_handling()
        _, rejected = source | step
        apart = rejected | beam.Reshuffle()
        pairs = apart | beam.Map(lambda row: (row.element, row.reason))
        wanted = [(as_encodable(item), reason) for item, reason in WITHOUT_VECTORS]
        assert_that(pairs, lambda rows: _is(sorted(rows, key=str), sorted(wanted, key=str)))


@pytest.mark.parametrize("features", ["mean,max", "sequence_output"])
def test_items_take_one_vector(tiny_path: Path, features: str) -> None:
    step = BertEmbeddings(str(tiny_path), features, **SETTINGS)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    message = f"`features` is {features}, but a dense embedding is one vector"
    with pytest.raises(ValueError, match=message):
        _ = pipeline | beam.Create(ITEMS) | step
    with (
        pytest.raises(Exception, match=message),
        beam.Pipeline(runner=FnApiRunner()) as untyped,
    ):
        _ = untyped | beam.Create([0]) | beam.Map(lambda _: ITEMS[0]) | step


def test_items_are_examples_of_run_inference(tiny_path: Path) -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        handler = BertModelHandler(str(tiny_path), "mean,max", **SETTINGS)
        predictions = pipeline | beam.Create(ITEMS[:1]) | RunInference(handler)
        shapes = predictions | beam.Map(lambda one: (one.example.id, sorted(one.inference)))
        assert_that(shapes, lambda rows: _is(rows, [("a#0", ["max", "mean"])]))


def test_items_of_ml_transform_are_rejected_as_those_of_bert_embeddings() -> None:
    for item, reason in WITHOUT_VECTORS:
        (record,) = Items(fails=False).records(item)
        assert record.reason is not None, item.id
        assert record.reason.value == reason, item.id


def test_a_vector_in_a_copy_is_python_floats() -> None:
    item = ITEMS[2]
    changed = with_dense(item, np.float32([1, 2]))
    assert changed.embedding == Embedding([1.0, 2.0], SPARSE)
    assert item.dense_embedding is None
