"""BertHubEmbeddings in Beam's MLTransform: columns, items, artifacts, errors, streams."""

import json
import typing
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.ml.inference.base import RunInference
from apache_beam.ml.rag.chunking.base import ChunkingTransformProvider
from apache_beam.ml.rag.chunking.langchain import LangChainChunker
from apache_beam.ml.rag.embeddings.base import create_rag_adapter
from apache_beam.ml.rag.types import Chunk, Content
from apache_beam.ml.transforms.base import EmbeddingTypeAdapter, MLTransform, _TextEmbeddingHandler
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that
from apache_beam.typehints.row_type import RowTypeConstraint

from tests.conftest import make_checkpoint
from transforms import encode
from transforms.checkpoints import importing
from transforms.elements.embedder import TextEmbedder
from transforms.elements.hub_embeddings import BertHubEmbeddings
from transforms.elements.text_config import TextConfig
from transforms.embedding.loaded_model import LoadedModel

SETTINGS = {"engine": "tensorflow", "max_seq_length": 8}
TEXTS = ("the cat sat", "a dog", "the cat", "on a mat on a mat on a mat on a mat")


class Article(typing.NamedTuple):
    number: int
    title: str
    body: str


@pytest.fixture(scope="module")
def vectors(tiny_module: object) -> dict[str, list[float]]:
    config = TextConfig(**SETTINGS)
    loaded = encode.loading.load(tiny_module, tiny_module.outputs(config.features), config.compute)
    embedder = TextEmbedder(config, tiny_module, LoadedModel(loaded))
    return {text: embedder.embed([text]).vectors[0]["mean"].tolist() for text in TEXTS}


def ml_transform(folder: Path, *transforms: object) -> MLTransform:
    return MLTransform(write_artifact_location=str(folder), transforms=list(transforms))


def same(actual: object, wanted: list[float]) -> None:
    assert type(actual) is list
    np.testing.assert_allclose(actual, wanted, atol=1e-5)


def test_vectors_replace_columns_and_artifacts_give_the_same(
    tiny_path: Path, tmp_path: Path, vectors: dict
) -> None:
    articles = [
        {"n": 1, "title": "a dog", "body": "the cat sat", "mean": 0},
        {"n": 2, "title": "the cat", "body": TEXTS[3], "mean": 0},
    ]

    def check(rows: list) -> None:
        for row, old in zip(sorted(rows, key=lambda row: row["n"]), articles, strict=True):
            assert list(row) == list(old)
            assert row["mean"] == 0
            same(row["title"], vectors[old["title"]])
            same(row["body"], vectors[old["body"]])

    columns = BertHubEmbeddings(columns=["title", "body"], model=str(tiny_path), **SETTINGS)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create(articles)
        written = source | ml_transform(tmp_path / "artifacts").with_transform(columns)
        assert_that(written, check)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create(articles)
        read = source | MLTransform(read_artifact_location=str(tmp_path / "artifacts"))
        assert_that(read, check)
    (step,) = json.loads((tmp_path / "artifacts/attributes.json").read_text())
    saved = step["py/state"]
    assert saved["columns"] == ["title", "body"]
    assert saved["settings"]["max_seq_length"] == 8
    assert not [key for key in str(saved).split("'") if key in ("py/reduce", "py/function")]


@pytest.mark.slow
def test_artifacts_refuse_another_model_of_the_name(tmp_path: Path) -> None:
    model = tmp_path / "model"
    importing.write_module(make_checkpoint(), model)
    columns = BertHubEmbeddings(columns=["text"], model=str(model), **SETTINGS)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create([{"text": "a dog"}])
        _ = source | ml_transform(tmp_path / "artifacts", columns)
    model.rename(tmp_path / "older")
    importing.write_module(make_checkpoint(seed=1), model)
    pipeline = beam.Pipeline(runner=FnApiRunner())
    with pytest.raises(ValueError, match="is not the model that the artifacts were written with"):
        _ = (
            pipeline
            | beam.Create([{"text": "a dog"}])
            | MLTransform(read_artifact_location=str(tmp_path / "artifacts"))
        )


def test_rows_stay_rows_with_a_type(tiny_path: Path, tmp_path: Path, vectors: dict) -> None:
    columns = BertHubEmbeddings(columns=["body"], model=str(tiny_path), **SETTINGS)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create([Article(1, "t", "a dog")]).with_output_types(Article)
        embedded = source | ml_transform(tmp_path, columns)

        def check(rows: list) -> None:
            (row,) = rows
            assert (row.number, row.title) == (1, "t")
            same(row.body, vectors["a dog"])

        assert_that(embedded, check)
    assert isinstance(embedded.element_type, RowTypeConstraint)
    assert "body=" in str(embedded.element_type)
    with pytest.raises(ValueError, match="rows have no field 'text'; they have number, title"):
        _ = (
            beam.Pipeline(runner=FnApiRunner())
            | beam.Create([Article(1, "t", "a dog")]).with_output_types(Article)
            | ml_transform(
                tmp_path / "of text",
                BertHubEmbeddings(columns=["text"], model=str(tiny_path), **SETTINGS),
            )
        )


def errors_of(rows: list) -> list:
    return sorted((str(row.element), row.msg) for row in rows)


def test_an_element_that_cannot_be_embedded_is_an_error_of_its_own(
    tiny_path: Path, tmp_path: Path
) -> None:
    articles = [{"text": "a dog"}, {"text": " "}, {"n": 1}, "the cat"]
    columns = BertHubEmbeddings(columns=["text"], model=str(tiny_path), **SETTINGS)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = ml_transform(tmp_path, columns).with_exception_handling()
        embedded, failed = pipeline | beam.Create(articles, reshuffle=False) | step
        assert_that(embedded | beam.combiners.Count.Globally(), lambda rows: _is(rows, [1]))
        wanted = [
            ("the cat", "ValueError('wrong_type: str has no columns')"),
            ("{'n': 1}", "ValueError(\"missing_field: no field 'text'\")"),
            ("{'text': ' '}", "ValueError(\"empty: field 'text' has no text\")"),
        ]
        assert_that(failed, lambda rows: _is(errors_of(rows), wanted), label="failed")


def _is(rows: list, wanted: list) -> None:
    assert rows == wanted


@pytest.mark.parametrize(
    ("handling", "message"),
    [
        (None, r"cannot be embedded: empty: .* MLTransform\(...\).with_exception_handling\(\)"),
        ({"threshold": 0.4}, "exceeded threshold: 1 / 2 = 0.5 > 0.4"),
        ({"exc_class": KeyError}, "empty: field 'text' has no text"),
    ],
    ids=str,
)
def test_errors_over_the_limit_fail_the_pipeline(
    tiny_path: Path, tmp_path: Path, handling: dict | None, message: str
) -> None:
    columns = BertHubEmbeddings(columns=["text"], model=str(tiny_path), **SETTINGS)
    step = ml_transform(tmp_path, columns)
    if handling is not None:
        step = step.with_exception_handling(**handling)
    with pytest.raises(Exception, match=message), beam.Pipeline(runner=FnApiRunner()) as pipeline:
        _ = pipeline | beam.Create([{"text": "a dog"}, {"text": " "}]) | step


class _Words(beam.DoFn):
    def process(self, article: dict) -> typing.Iterator[Chunk]:
        for index, text in enumerate(article["text"].split(". ")):
            metadata = {"source": article["source"]}
            yield Chunk(Content(text=text), index=index, metadata=metadata)


class _Sentences(ChunkingTransformProvider):
    """The smallest chunking provider."""

    def get_splitter_transform(self) -> beam.PTransform:
        return beam.ParDo(_Words())


def chunk_id(chunk: Chunk) -> str:
    return f"{chunk.metadata['source']}#{chunk.index}"


@pytest.mark.slow
@pytest.mark.parametrize("adapter", [None, create_rag_adapter()], ids=["items", "adapter"])
def test_chunks_of_a_provider_are_embedded(
    tiny_path: Path, tmp_path: Path, vectors: dict, adapter: EmbeddingTypeAdapter | None
) -> None:
    hub = BertHubEmbeddings(model=str(tiny_path), type_adapter=adapter, **SETTINGS)

    def check(chunks: list) -> None:
        first, second = sorted(chunks, key=lambda chunk: chunk.index)
        assert (first.id, first.metadata) == ("a#0", {"source": "a"})
        assert (second.id, second.content.text) == ("a#1", "a dog")
        same(first.dense_embedding, vectors["the cat sat"])
        same(second.dense_embedding, vectors["a dog"])

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create([{"source": "a", "text": "the cat sat. a dog"}])
        step = ml_transform(tmp_path / "artifacts", _Sentences(chunk_id), hub)
        assert_that(source | step, check)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        chunks = [Chunk(Content(text="a dog"), id="x"), Chunk(Content(), id="y")]
        step = ml_transform(tmp_path / "more", hub).with_exception_handling()
        embedded, failed = pipeline | beam.Create(chunks) | step
        ids = embedded | "Ids" >> beam.Map(lambda chunk: chunk.id)
        assert_that(ids, lambda rows: _is(rows, ["x"]))
        ids = failed | "FailedIds" >> beam.Map(lambda row: row.element.id)
        assert_that(ids, lambda rows: _is(rows, ["y"]), label="failed")
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        read = MLTransform(read_artifact_location=str(tmp_path / "more"))
        embedded = pipeline | beam.Create([Chunk(Content(text="a dog"))]) | read
        assert_that(embedded, lambda rows: same(rows[0].dense_embedding, vectors["a dog"]))


def test_chunks_of_langchain_are_embedded(tiny_path: Path, tmp_path: Path) -> None:
    # Beam 2.77 imports a module of LangChain 0.3, which needs an older `packaging` than others.
    splitters = pytest.importorskip("langchain.text_splitter")
    splitter = splitters.CharacterTextSplitter(separator=". ", chunk_size=12, chunk_overlap=0)
    chunker = LangChainChunker(splitter, "text", ["source"], chunk_id)
    hub = BertHubEmbeddings(model=str(tiny_path), **SETTINGS)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        source = pipeline | beam.Create([{"source": "a", "text": "the cat sat. a dog"}])
        chunks = source | ml_transform(tmp_path, chunker, hub)
        shown = chunks | beam.Map(
            lambda chunk: (chunk.id, chunk.content.text, len(chunk.dense_embedding))
        )
        wanted = [("a#0", "the cat sat", 16), ("a#1", "a dog", 16)]
        assert_that(shown, lambda rows: _is(sorted(rows), wanted))


def test_its_handler_is_one_of_beams_embeddings(tiny_path: Path, vectors: dict) -> None:
    hub = BertHubEmbeddings(columns=["text"], model=str(tiny_path), **SETTINGS)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = RunInference(_TextEmbeddingHandler(hub))
        embedded = pipeline | beam.Create([{"text": "a dog"}]) | step
        assert_that(embedded, lambda rows: same(rows[0]["text"], vectors["a dog"]))
    handler = hub.get_model_handler()
    with pytest.raises(ValueError, match="cannot be embedded"):
        handler.run_inference([""], handler.load_model())
    with pytest.raises(ValueError, match="no inference_args"):
        handler.run_inference(["a"], handler.load_model(), {"a": 1})


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"columns": "text"}, ValueError, r"`columns` is 'text': give a list of names"),
        ({"columns": []}, ValueError, r"`columns` is \[\]"),
        ({"columns": ["a"], "type_adapter": create_rag_adapter()}, ValueError, "exclude each"),
        ({"text_field": "body"}, ValueError, "`text_field` is for BertEmbeddings"),
        ({"features": "mean,max"}, ValueError, "a dense embedding is one vector"),
        ({"features": ["sequence_output"]}, ValueError, "a dense embedding is one vector"),
        ({"max_latency_seconds": 0}, ValueError, "`max_latency_seconds` is 0"),
        ({"max_batch_size": 3}, TypeError, "max_batch_size"),
        ({"model": "/nowhere"}, ValueError, "/nowhere"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    settings: dict, error: type[Exception], message: str, tiny_path: Path
) -> None:
    with pytest.raises(error, match=message):
        BertHubEmbeddings(**{"model": str(tiny_path), **settings})
