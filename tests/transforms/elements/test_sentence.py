"""`sentence` against sentence-transformers, whose figures are in tests/data."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.transforms.checkpoints.sentence_cases import CASES, TEXTS
from tests.transforms.checkpoints.sentence_files import (
    HIDDEN,
    NORMALIZE,
    dense,
    write_sentence_model,
)
from transforms.bert import loading, model_files, module
from transforms.bert.module import BertModule
from transforms.bert.sentence_head import SENTENCE_WEIGHTS, SentenceHead
from transforms.bert.sentence_settings import SentenceSettings, SentenceStep
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint_folders import read_checkpoint
from transforms.elements.embedder import TextEmbedder, Vectors
from transforms.elements.text_config import TextConfig
from transforms.embedding.loaded_model import LoadedModel
from transforms.vector_widths import VectorWidths
from transforms.wordpiece.prompts import sentence_from

GOLDEN = json.loads((Path(__file__).parents[2] / "data/sentence_golden.json").read_text())


def import_folder(folder: Path) -> BertModule:
    importing.write_module(read_checkpoint(folder), folder / "imported")
    return module.inspect(folder / "imported")


def embed(inspected: BertModule, texts: tuple[str, ...], config: TextConfig) -> list[Vectors]:
    engine = loading.load(inspected, inspected.outputs(config.features), config.compute)
    vectors = TextEmbedder(config, inspected, LoadedModel(engine)).embed(texts).vectors
    assert all(isinstance(each, dict) for each in vectors)
    return vectors  # type: ignore[return-value]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_sentence_is_what_sentence_transformers_encodes(name: str, tmp_path: Path) -> None:
    inspected = import_folder(write_sentence_model(tmp_path / "model", **CASES[name]))
    config = TextConfig(("sentence",), max_seq_length=16, engine="tensorflow")
    made = [vectors["sentence"] for vectors in embed(inspected, TEXTS, config)]
    np.testing.assert_allclose(made, GOLDEN[name], atol=1e-5)
    assert inspected.widths.of("sentence") == len(GOLDEN[name][0])


@pytest.fixture(scope="module")
def two_poolings(tmp_path_factory: pytest.TempPathFactory) -> BertModule:
    steps = [dense(2 * HIDDEN, 5), NORMALIZE]
    pooling = {"pooling_mode": ["cls", "mean"]}
    folder = write_sentence_model(tmp_path_factory.mktemp("two") / "model", pooling, steps)
    return import_folder(folder)


@pytest.mark.slow
def test_windows_are_pooled_before_the_steps(two_poolings: BertModule) -> None:
    config = TextConfig(
        ("mean", "sentence", "cls"), max_seq_length=8, window_stride=3, engine="tensorflow"
    )
    for vectors in embed(two_poolings, TEXTS, config):
        assert two_poolings.sentence is not None
        pooled = [vectors[name][np.newaxis] for name in ("cls", "mean")]
        expected = two_poolings.sentence.apply(pooled)[0]
        np.testing.assert_array_equal(vectors["sentence"], expected)


def test_sentence_alone_needs_no_other_outputs(two_poolings: BertModule) -> None:
    wanted = two_poolings.outputs(("sentence",))
    assert (wanted.pooled, wanted.tokens, wanted.first_token) == (False, True, True)
    assert not two_poolings.outputs(("cls",)).tokens
    assert two_poolings.widths == VectorWidths(HIDDEN, {"sentence": 5})


@pytest.mark.slow
def test_other_features_pool_the_prompt_too(tmp_path: Path) -> None:
    folder = write_sentence_model(tmp_path / "model", **CASES["prompt left out"])
    config = TextConfig(("sentence", "mean"), max_seq_length=16, engine="tensorflow")
    for vectors in embed(import_folder(folder), TEXTS, config):
        assert not np.allclose(vectors["mean"], vectors["sentence"][:HIDDEN], atol=1e-3)


def test_special_tokens_of_a_prompt_are_counted_as_they_are_read(tmp_path: Path) -> None:
    prompts = {"prompts": {"masked": "the [MASK] "}}
    pooling = {"pooling_mode": "mean", "include_prompt": False}
    inspected = import_folder(write_sentence_model(tmp_path / "model", pooling, prompts=prompts))
    prompt = inspected.prompt_of("masked", ("mean",))
    assert sentence_from(inspected, prompt, "keep") == 3
    assert sentence_from(inspected, prompt, "split") == 5
    assert sentence_from(inspected, "", "keep") == 0


def test_a_zero_vector_stays_zero_when_it_is_normalized() -> None:
    settings = SentenceSettings(("mean",), (SentenceStep("normalize", 2),))
    vectors = SentenceHead(settings, {}).apply([np.float32([[0, 0], [3, 4]])])
    np.testing.assert_allclose(vectors, [[0, 0], [0.6, 0.8]], rtol=1e-6)


@pytest.mark.slow
def test_two_imports_are_equal_and_damaged_weights_are_refused(
    two_poolings: BertModule, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    importing.write_module(read_checkpoint(two_poolings.path.parent), again)
    assert model_files.fingerprint(again) == two_poolings.fingerprint
    weights = again / SENTENCE_WEIGHTS
    content = weights.read_bytes()
    for damaged in (content[:-9], b"", content.replace(b"0.bias", b"0.Bias")):
        weights.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"`model` {again}: .*safetensors"):
            module.inspect(again)
    weights.unlink()
    with pytest.raises(ValueError, match=f"there is no {SENTENCE_WEIGHTS}"):
        module.inspect(again)


def test_a_model_without_sentence_says_why_and_what_it_has(tiny_module: BertModule) -> None:
    tiny_module.check_features(("mean", "layers:-1"))
    with pytest.raises(ValueError, match=r"no `sentence`: .*pooled_output, mean, cls, max"):
        tiny_module.check_features(("mean", "sentence"))


def test_the_default_model_has_the_sentence_that_it_was_trained_for(minilm_path: Path) -> None:
    inspected = module.inspect(minilm_path)
    assert inspected.sentence is not None
    settings = inspected.sentence.settings
    assert (settings.poolings, settings.max_seq_length) == (("mean",), 256)
    assert [step.kind for step in settings.steps] == ["normalize"]
