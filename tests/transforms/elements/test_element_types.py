"""The elements that are allowed, the rejected ones, and the types of both."""

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that
from apache_beam.transforms.error_handling import ErrorHandler
from apache_beam.transforms.window import GlobalWindows, SlidingWindows, TimestampedValue
from apache_beam.typehints import typehints

from tests.conftest import make_checkpoint
from tests.transforms.checkpoints.checkpoint_files import write_google
from transforms import BertEmbeddings, EmbeddedElements, encode
from transforms.bert.engines import Engine
from transforms.checkpoints import importing, minilm
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.elements.bert_embeddings import config_for_model
from transforms.elements.element_types import output_types
from transforms.elements.text_config import TextConfig

SETTINGS = {"engine": "tensorflow", "max_seq_length": 8}


class Named(typing.NamedTuple):
    n: int
    text: str | None


@dataclasses.dataclass
class Plain:
    n: int
    text: str


class Odd:
    """An element of no type that Beam knows."""

    def _asdict(self) -> dict[str, object]:
        return {"n": 1, "text": "the \ud800 cat"}


def equals(expected: list) -> Callable[[list], None]:
    def check(actual: list) -> None:
        assert sorted(actual, key=str) == sorted(expected, key=str)

    return check


def test_it_stands_in_a_chain(tiny_path: Path) -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        widths = (
            pipeline
            | beam.Create(["the cat", "a dog"])
            | BertEmbeddings(str(tiny_path), "mean,max", **SETTINGS)
            | beam.Map(lambda row: (row.text, len(row.mean), len(row.max)))
        )
        assert_that(widths, equals([("a dog", 16, 16), ("the cat", 16, 16)]))


def test_in_a_chain_nothing_is_lost_in_silence(tiny_path: Path) -> None:
    message = r"' ' cannot be embedded: empty: .*with_exception_handling\(\)"
    with (
        pytest.raises(Exception, match=message),
        beam.Pipeline(runner=FnApiRunner()) as pipeline,
    ):
        _ = pipeline | beam.Create(["a", " "]) | BertEmbeddings(str(tiny_path), **SETTINGS)


def test_an_error_handler_of_beams_gets_what_cannot_be_embedded(tiny_path: Path) -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        texts = pipeline | beam.Create(["the cat", "", " "])
        step = BertEmbeddings(str(tiny_path), **SETTINGS)
        with_two = step.with_exception_handling()
        with ErrorHandler(beam.Map(lambda row: (row.element, row.reason))) as handler:
            embedded = texts | step.with_error_handler(handler)
        # Neither is changed by the settings of the other.
        assert isinstance(texts | "WithTwo" >> with_two, EmbeddedElements)
        assert_that(embedded | beam.Map(lambda row: row.text), equals(["the cat"]))
        assert_that(handler.output(), equals([("", "empty"), (" ", "empty")]), label="rejected")


@pytest.mark.parametrize(
    ("element", "type_"),
    [
        (Named(1, "the cat"), Named),
        (Plain(1, "the cat"), Plain),
        (beam.Row(n=1, text="the cat"), typing.Any),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_has_fields_is_a_row(tiny_path: Path, element: object, type_: typing.Any) -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        rows = pipeline | beam.Create([0]) | beam.Map(lambda _: element).with_output_types(type_)
        embedded = rows | BertEmbeddings(str(tiny_path), **SETTINGS)
        rows = embedded | beam.Map(lambda row: (row.n, row.text, len(row.mean)))
        assert_that(rows, equals([(1, "the cat", 16)]))


def test_what_is_no_text_is_handed_back_as_it_was(tiny_path: Path) -> None:
    elements = [None, 3, b"the cat", ("the", "cat"), "the cat", {"text": "a dog"}, {"n": [1]}]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = BertEmbeddings(str(tiny_path), **SETTINGS).with_exception_handling()
        embedded, rejected = pipeline | beam.Create(elements) | step
        # A shuffle, so that each is encoded.
        apart = rejected | beam.Reshuffle() | beam.Map(lambda row: (row.element, row.reason))
        wrong = [(("the", "cat"), "wrong_type"), (3, "wrong_type"), (None, "wrong_type")]
        wanted = [*wrong, (b"the cat", "wrong_type"), ({"n": [1]}, "missing_field")]
        assert_that(apart, equals(wanted))
        assert_that(embedded | beam.combiners.Count.Globally(), equals([2]), label="embedded")


def test_a_lone_surrogate_is_escaped_lest_its_dead_letter_die(tiny_path: Path) -> None:
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = BertEmbeddings(str(tiny_path), **SETTINGS).with_exception_handling()
        odd = pipeline | beam.Create([0]) | beam.Map(lambda _: Odd())
        rejected = (odd | step).rejected | beam.Reshuffle()
        rows = rejected | beam.Map(lambda row: (row.element.n, row.element.text, row.reason))
        assert_that(rows, equals([(1, "the \\ud800 cat", "not_utf8")]))


class _FailingEngine:
    """Fails on one wordpiece."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.hidden_size = engine.name, engine.hidden_size
        self.parallel, self.compiled = engine.parallel, 0

    def run(self, input_ids: np.ndarray, *others: np.ndarray) -> object:
        if (input_ids == 11).any():
            raise RuntimeError("no dogs")
        return self._engine.run(input_ids, *others)


def test_what_the_model_fails_on_costs_itself_alone(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = encode.load_engine
    monkeypatch.setattr(encode, "_LOADED", {})
    monkeypatch.setattr(encode, "load_engine", lambda config: _FailingEngine(load(config)))
    texts = ["the cat", "a dog", "on a mat", "a dog ran"]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        step = BertEmbeddings(str(tiny_path), **SETTINGS)
        created = pipeline | beam.Create(texts)
        embedded, rejected = created | step.with_exception_handling()
        assert_that(embedded | beam.Map(lambda row: row.text), equals(["on a mat", "the cat"]))
        rows = rejected | "Rows" >> beam.Map(lambda row: (row.element, row.reason, row.detail))
        wanted = [(text, "model_failed", "no dogs") for text in ("a dog", "a dog ran")]
        assert_that(rows, equals(wanted), label="rejected")


def test_vectors_are_in_all_windows_of_their_elements(tiny_path: Path) -> None:
    def described(
        row: typing.Any,
        timestamp: typing.Any = beam.DoFn.TimestampParam,
        window: typing.Any = beam.DoFn.WindowParam,
    ) -> tuple:
        return row.text, float(timestamp), float(window.start), len(row.mean)

    stamped = [TimestampedValue("the cat", 7), TimestampedValue("a dog", 12)]
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        rows = (
            pipeline
            | beam.Create(stamped)
            | beam.WindowInto(SlidingWindows(10, 5))
            | BertEmbeddings(str(tiny_path), **SETTINGS)
            | beam.Map(described)
            | "Together" >> beam.WindowInto(GlobalWindows())
        )
        windows = [("a dog", 12.0, 10.0, 16), ("a dog", 12.0, 5.0, 16)]
        windows += [("the cat", 7.0, 0.0, 16), ("the cat", 7.0, 5.0, 16)]
        assert_that(rows, equals(windows))


@pytest.mark.parametrize("type_", [str, typehints.Optional[str], Named, Plain, dict[str, int]])
def test_no_collection_of_the_graph_is_untyped(tiny_path: Path, type_: typing.Any) -> None:
    pipeline = beam.Pipeline(runner=FnApiRunner())
    elements = pipeline | beam.Create([]).with_output_types(type_)
    _ = elements | "Step" >> BertEmbeddings(str(tiny_path), **SETTINGS).with_exception_handling()
    types: dict[str, object] = {}

    class Visitor(beam.pipeline.PipelineVisitor):
        def visit_transform(self, node: beam.pipeline.AppliedPTransform) -> None:
            for tag, output in node.outputs.items():
                types[f"{node.full_label} {tag}"] = output.element_type

    pipeline.visit(Visitor())
    ours = {label: kind for label, kind in types.items() if label.startswith("Step/")}
    assert len(ours) == 4
    assert [label for label, kind in ours.items() if kind in (typehints.Any, typing.Any)] == []


def test_types_that_schemas_would_bend_are_left_open() -> None:
    bent = (typehints.Tuple[str, int], typehints.Union[int, str], typehints.Dict[int, str], bytes)
    for element_type in bent:
        embedded, rejected = output_types(element_type, TextConfig())
        assert embedded is typing.Any
        assert dict(rejected._fields)["element"] is typing.Any


def test_workers_find_the_model_by_its_name_and_hold_it_against_its_fingerprint(
    tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = config_for_model(minilm.NAME, TextConfig())
    assert named.model == "minilm"
    assert encode.inspect_module(named).fingerprint == named.model_sha256
    monkeypatch.chdir(tiny_path.parent)
    assert config_for_model(tiny_path.name, TextConfig(max_seq_length=8)).model == str(tiny_path)


@pytest.mark.slow
def test_workers_import_a_checkpoint_again(
    tmp_path: Path,
    tiny_checkpoint: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    folder = write_google(tmp_path / "uncased", tiny_checkpoint)
    for prefix in (folder, folder / "bert_model.ckpt"):
        config = config_for_model(str(prefix), TextConfig(max_seq_length=8))
        assert config.model == str(prefix)
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache of another machine"))
    assert encode.inspect_module(config).fingerprint == config.model_sha256


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_seq_length": 33}, "`max_seq_length` is 33, the model has 32"),
        ({"features": "mean,layers:-3"}, "`features` asks for layer -3, the model has 2"),
        ({"truncate_dim": 17}, "`truncate_dim` is 17"),
    ],
)
def test_what_the_model_cannot_do_is_refused_when_the_pipeline_is_built(
    tiny_path: Path, settings: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        BertEmbeddings(str(tiny_path), **{**SETTINGS, **settings})


@pytest.mark.slow
def test_pairs_are_refused_by_a_model_of_one_segment(tmp_path: Path) -> None:
    importing.write_module(make_checkpoint(segments=1), tmp_path / "module")
    settings = {**SETTINGS, "text_b_field": "other"}
    with pytest.raises(ValueError, match="pairs need 2"):
        BertEmbeddings(str(tmp_path / "module"), **settings)
