"""Jobs whose output is many times their input."""

import dataclasses
from pathlib import Path

import pytest

from pipeline.estimate import output_growth
from pipeline.inputs import plan
from pipeline.options.embed_config import EmbedConfig
from tests.pipeline import corpus
from transforms.records.postprocess import Shaping
from transforms.vector_widths import VectorWidths

WIDTHS = VectorWidths(384)


def config_with(*features: str, folder: Path = Path(), **settings: object) -> EmbedConfig:
    globs = [str(folder / "a.txt")]
    return corpus.config(globs, folder / "out", folder, features=features, **settings)


def test_vectors_of_tokens_are_named_with_their_size_and_the_remedy() -> None:
    config = config_with("mean", "sequence_output")
    note = output_growth.describe(config, WIDTHS, 30e6, documents=1e5, tokens=6e6)
    # 6e6 tokens and 1e5 documents of 384 numbers of 4 bytes.
    assert note == (
        "the vectors will take about 9.4 GB, 312 times the input of 30.0 MB; 98% of that is "
        "sequence_output: leave sequence_output out of --features, or store smaller numbers with "
        "--dtype int8"
    )


def test_vectors_of_documents_have_other_remedies() -> None:
    config = config_with("mean", dtype="int8")
    note = output_growth.describe(config, WIDTHS, 60e6, documents=4e6, tokens=3e7)
    assert note == (
        "the vectors will take about 1.5 GB, 26 times the input of 60.0 MB; 100% of that is mean: "
        "keep fewer numbers with --truncate_dim"
    )
    short = dataclasses.replace(config, shaping=Shaping(truncate_dim=128))
    assert output_growth.describe(short, WIDTHS, 60e6, documents=4e6, tokens=3e7) is None


@pytest.mark.parametrize(
    ("stored", "documents"),
    [
        # 153,600 bytes of 1,000: not worth a word.
        (1e3, 1e2),
        # A little over a gigabyte, of nearly as much text.
        (1e9, 1e6),
        # 19 times the input.
        (80e6, 1e6),
    ],
)
def test_small_or_moderate_outputs_need_no_word(stored: float, documents: float) -> None:
    config = config_with("mean")
    assert output_growth.describe(config, WIDTHS, stored, documents, 10 * documents) is None


@pytest.mark.parametrize("feature", ["mean", "sequence_output"])
def test_the_estimate_without_a_tokenizer_is_near(
    feature: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [" ".join(["house"] * (1 + number % 9)) for number in range(200_000)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    config = config_with(feature, folder=tmp_path)
    splits = plan.make_plan(config.input)
    seen = []
    monkeypatch.setattr(output_growth, "describe", lambda *numbers: seen.append(numbers[2:]))
    output_growth.note_on_growth(config, WIDTHS, splits)
    ((stored, documents, tokens),) = seen
    assert stored == (tmp_path / "a.txt").stat().st_size
    assert documents == pytest.approx(len(lines), rel=0.05)
    # A word and its space have 6 bytes and are one wordpiece; at most 8 tokens are read.
    exact = sum(min(8, 2 + 1 + number % 9) for number in range(200_000))
    assert tokens == pytest.approx(exact, rel=0.2)


def test_nothing_is_read_if_the_output_must_be_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("the cat\n" * 100)
    config = config_with("mean", folder=tmp_path)
    monkeypatch.setattr(output_growth, "read_pieces", lambda *_: pytest.fail("it was read"))
    assert output_growth.note_on_growth(config, WIDTHS, plan.make_plan(config.input)) is None
