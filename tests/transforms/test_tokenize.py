import pickle
import subprocess
import sys
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from tests.transforms.parts import make_part, save_transform
from transforms import tokenize
from transforms.bert.module import BertModule
from transforms.documents import header_of
from transforms.rows.text_rows import TextRows
from transforms.tokenize import TokenizeParts, texts_only, wrap

TEXTS = ["The cat sat.", None, "a dog ran on the mat and the cat sat on a mat", "猫", "​"]
IDS = {
    "doc-0": [2, 5, 6, 7, 17, 3],
    "doc-2": [2, 10, 11, 12, 8, 5, 9, 3],
    "doc-3": [2, 20, 3],
}


@pytest.fixture(scope="module")
def transform(tiny_module: BertModule, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transform")
    save_transform(folder, tiny_module.vocabulary, [text for text in TEXTS if text])
    return folder


@pytest.mark.slow
def test_a_part_stays_a_part(transform: Path) -> None:
    sent = [make_part(TEXTS), make_part([], start=50), make_part([None], start=90)]

    def check(actual: list) -> None:
        assert [header_of(part).start for part in sorted(actual, key=start)] == [0, 50, 90]
        first = min(actual, key=start).to_pydict()
        ids = dict(zip(first["id"], first["input_ids"], strict=True))
        assert {name: ids[name] for name in IDS} == IDS
        assert first["id"] == make_part(TEXTS).column("id").to_pylist()
        assert first["fields.colour"] == [None, "c1", None, "c3", None]
        assert first["reason"] == [None, "empty", None, None, "empty"]
        assert first["num_wordpieces"] == [4, 0, 13, 1, 0]
        assert first["num_unknown"] == [0, 0, 1, 0, 0]
        assert first["segment_ids"] == [[0] * len(row) for row in first["input_ids"]]

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        wordpieces = pipeline | beam.Create(sent) | TokenizeParts(str(transform))
        assert_that(wordpieces, check)


@pytest.mark.slow
def test_a_pair_without_a_first_text_is_rejected(tiny_module: BertModule, tmp_path: Path) -> None:
    save_transform(tmp_path, tiny_module.vocabulary, ["the cat"], pairs=True)
    part = make_part(["the", "\u200b", "", "cat"], seconds=["cat", "cat", "", ""])

    def check(actual: list) -> None:
        (only,) = actual
        assert only.column("reason").to_pylist() == [None, "empty", "empty", None]
        assert only.column("input_ids").to_pylist()[0] == [2, 5, 3, 6, 3]

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        parts = pipeline | beam.Create([part])
        assert_that(parts | TokenizeParts(str(tmp_path), TextRows(("text", "text_b"))), check)


def start(part: object) -> int:
    return header_of(part).start


@pytest.mark.slow
def test_a_fresh_process_with_the_saved_transform_alone_gives_the_same_ids(
    transform: Path,
) -> None:
    program = """
import sys, tensorflow as tf, tensorflow_text, tensorflow_transform as tft
transform = tft.TFTransformOutput(sys.argv[1])
texts = tf.constant(sys.argv[2:])
print(transform.transform_raw_features({"text": texts})["input_ids"].to_list())
"""
    texts = [TEXTS[0], TEXTS[2], TEXTS[3]]
    run = subprocess.run(
        [sys.executable, "-c", program, str(transform), *texts],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip().splitlines()[-1] == str(list(IDS.values()))


def test_wrapping_keeps_everything_but_the_text() -> None:
    part = make_part(["one", None, "three"])
    wrapped = wrap(part, ("text",))
    assert wrapped.num_rows == part.num_rows + 1
    assert wrapped.column("text").to_pylist() == [[b""], [b"one"], [b""], [b"three"]]
    assert [len(cell) for cell in wrapped.column("part").to_pylist()] == [1, 0, 0, 0]


def test_only_sound_texts_are_analyzed() -> None:
    assert texts_only(make_part(["one", None, "three"]), ("text",)).column("text").to_pylist() == [
        [b"one"],
        [b"three"],
    ]


def test_a_batch_without_a_header_is_refused() -> None:
    with pytest.raises(ValueError, match="no part header"):
        wrap(make_part(["one"]).replace_schema_metadata(None), ("text",))


def test_a_worker_that_unpickles_the_dofn_of_tf_transform_has_the_ops() -> None:
    """Else a runner that gives that DoFn a stage of its own ends with `Op type not registered`."""
    pickled = pickle.dumps(tokenize.adapter_config(("text",)))
    assert b"transforms.tokenize" in pickled
    assert "tensorflow_text" in vars(tokenize)
    again = pickle.loads(pickled)  # noqa: S301
    assert again.arrow_schema == tokenize.adapter_config(("text",)).arrow_schema
