"""What an inspection accepts can be run, and what cannot be run is refused with one line."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests import tf2_variants, written_modules
from tests.conftest import make_checkpoint
from transforms.bert import encoder, examination, loading, module
from transforms.bert.compute import ComputeConfig
from transforms.bert.examination import examine
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.features import DEFAULT, POOLED_OUTPUT

IDS = np.array([[2, 5, 6, 7, 8, 3], [2, 9, 17, 3, 0, 0], [2, 3, 0, 0, 0, 0]], np.int32)
MASK = (IDS != 0).astype(np.int32)
SEGMENTS = np.array([[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]], np.int32)
TOKENS = MASK.astype(bool)
LIST = {"container": list, "outputs": tf2_variants.as_list}
UNNAMED = {**LIST, "names": ("", "", "")}


@pytest.fixture(autouse=True)
def _examined_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "_EXAMINED", {})


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return make_checkpoint(layers=1)


@pytest.fixture(scope="module")
def expected(checkpoint: Checkpoint) -> Encoded[np.ndarray]:
    shape, architecture = checkpoint.shape, checkpoint.architecture
    inputs = (IDS, MASK, SEGMENTS)
    encoded = encoder.encode(checkpoint.variables, shape, *inputs, architecture=architecture)
    return Encoded(*(x if x is None else x.numpy() for x in encoded))


def without_pooler(checkpoint: Checkpoint) -> Checkpoint:
    variables = {name: x for name, x in checkpoint.variables.items() if "pooler" not in name}
    shape = dataclasses.replace(checkpoint.shape, pooler=False)
    return dataclasses.replace(checkpoint, shape=shape, variables=variables)


def save(folder: Path, checkpoint: Checkpoint, **kind: Any) -> BertModule:
    tf2_variants.save(folder / "tf2", checkpoint, **kind)
    return module.inspect(folder / "tf2")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "length"),
    [
        ({}, None),
        (LIST, None),
        (
            {
                **LIST,
                "container": tuple,
                "names": ("attention_mask", "segment_ids", "input_ids"),
                "order": (2, 0, 1),
            },
            None,
        ),
        (UNNAMED, None),
        ({"sizes": (None, 24)}, 24),
        ({"signature": "serving_default", "outputs": tf2_variants.as_dict}, None),
    ],
    ids=["dict", "list", "tuple", "unnamed", "fixed", "signature"],
)
def test_a_module_is_called_as_it_is_declared(
    kind: dict[str, Any],
    length: int | None,
    checkpoint: Checkpoint,
    expected: Encoded[np.ndarray],
    tmp_path: Path,
) -> None:
    inspected = save(tmp_path, checkpoint, **kind)
    assert inspected.positions == (length or 32)
    actual = ModuleEngine(inspected).run(IDS, MASK, SEGMENTS)
    np.testing.assert_allclose(actual.sequence[TOKENS], expected.sequence[TOKENS], atol=1e-5)
    np.testing.assert_allclose(actual.pooled, expected.pooled, atol=1e-5)
    assert actual.sequence.shape == (3, 6, 16)
    examined = examine(inspected)
    assert examined.reason == ""
    assert examined.probe.inputs[0].shape[1] == (length or 16)
    with pytest.raises(ValueError, match=f"the model has {inspected.positions} positions"):
        inspected.check_length(inspected.positions + 1)


@pytest.mark.slow
def test_layers_and_default_are_computed_by_the_graph(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    inspected = save(tmp_path, checkpoint)
    assert (inspected.widths.of(DEFAULT), inspected.widths.of(POOLED_OUTPUT)) == (5, 16)
    spec = OutputSpec.of(["default", "layers:-1"])
    engine = loading.load(inspected, spec, ComputeConfig())
    assert isinstance(engine, ModuleEngine)
    actual = engine.run(IDS, MASK, SEGMENTS)
    np.testing.assert_allclose(actual.default, actual.pooled[:, :5] * 2.0, atol=1e-6)
    rebuilt = loading.load(inspected, OutputSpec(layers=(-1,)), ComputeConfig())
    assert rebuilt.name == "tensorflow"
    layers = rebuilt.run(IDS, MASK, SEGMENTS).layers
    np.testing.assert_allclose(actual.layers[TOKENS], layers[TOKENS], atol=1e-5)
    with pytest.raises(ValueError, match="only its graph computes default; so leave out `precis"):
        loading.check(inspected, spec, ComputeConfig("tensorflow", "bfloat16"))


@pytest.mark.slow
def test_a_module_without_a_pooler_serves_the_vectors_of_tokens(
    checkpoint: Checkpoint, expected: Encoded[np.ndarray], tmp_path: Path
) -> None:
    bare = without_pooler(checkpoint)
    written_modules.write(bare, tmp_path / "tf1")
    tf2 = save(tmp_path, bare, outputs=tf2_variants.without_pooler)
    spec = OutputSpec.of(["mean", "cls", "sequence_output"])
    for inspected in (module.inspect(tmp_path / "tf1"), tf2):
        assert not inspected.shape.pooler
        assert POOLED_OUTPUT not in examine(inspected).features
        with pytest.raises(
            ValueError,
            match=r"`pooled_output`: it has no pooler; its `features` of documents are mean, cls",
        ):
            inspected.check_features(["mean", "pooled_output"])
        for engine in (
            ModuleEngine(inspected),
            loading.load(inspected, spec, ComputeConfig("tensorflow")),
        ):
            actual = engine.run(IDS, MASK, SEGMENTS)
            assert actual.pooled is None
            np.testing.assert_allclose(
                actual.sequence[TOKENS], expected.sequence[TOKENS], atol=1e-5
            )


@pytest.mark.slow
def test_pooled_output_of_a_graph_without_pooler_variables(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    def first_token(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"sequence_output": encoded.sequence, "pooled_output": encoded.sequence[:, 0]}

    inspected = save(tmp_path, without_pooler(checkpoint), outputs=first_token)
    engine = loading.load(inspected, OutputSpec.of(["pooled_output"]), ComputeConfig())
    actual = engine.run(IDS, MASK, SEGMENTS)
    np.testing.assert_array_equal(actual.pooled, actual.sequence[:, 0])
    assert loading.load(inspected, OutputSpec.of(["cls"]), ComputeConfig()).name == "tensorflow"


def raising(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    check = tf.debugging.assert_less(tf.reduce_max(encoded.sequence), -1e9, "of\nno use")
    with tf.control_dependencies([check]):
        return {"sequence_output": tf.identity(encoded.sequence)}


def of_nan(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"sequence_output": encoded.sequence * np.float32(np.nan)}


def of_integers(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"sequence_output": tf.cast(encoded.sequence, tf.int32)}


def of_one_row(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"sequence_output": encoded.sequence[:1]}


def of_other_width(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"sequence_output": tf2_variants.of_any_shape(encoded.sequence[:, :, :4])}


def of_other_default(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"sequence_output": encoded.sequence, "default": encoded.sequence[:1, 0]}


def of_two_sequences(encoded: Encoded[tf.Tensor]) -> list[tf.Tensor]:
    return [encoded.sequence, encoded.sequence]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"outputs": raising}, r"it cannot be run: assertion failed: \[of"),
        ({"outputs": of_nan}, "its sequence_output has values that are not finite"),
        ({"outputs": of_integers}, "its sequence_output is int32, not float"),
        ({"outputs": of_one_row}, r"its sequence_output has the shape \(1, 16, 16\) for a batch o"),
        ({"outputs": of_other_width}, r"its sequence_output has the shape \(., ., 4\) for a batch"),
        ({"outputs": of_other_default}, r"its default has the shape \(1, 16\) for a batch of \(3"),
        ({"outputs": of_two_sequences}, "two of its outputs may be sequence_output"),
        ({**UNNAMED, "order": (0, 2, 1)}, "list of unnamed inputs, and its vectors do not depend"),
        ({"sizes": (4, None)}, r"takes batches of 4 only"),
        ({**LIST, "names": ("ids", "input_mask", "x")}, "it has no signature 'tokens' and no inp"),
        ({"names": ("input_word_ids", "mask", "input_type_ids")}, "its call has the inputs input_"),
    ],
)
def test_a_module_that_cannot_be_run_is_refused_with_one_line(
    kind: dict[str, Any], message: str, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"^`model` {tmp_path}/tf2: [^`]*{message}") as caught:
        examine(save(tmp_path, checkpoint, **kind))
    assert len(str(caught.value).splitlines()) == 1


def test_a_module_is_examined_once_in_a_process(
    tiny_module: BertModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    original = examination.run_each

    def count(*arguments: Any) -> list[Encoded[np.ndarray]]:
        runs.append(1)
        return original(*arguments)

    monkeypatch.setattr(examination, "run_each", count)
    for _ in range(2):
        loading.load(tiny_module, OutputSpec(), ComputeConfig("tensorflow"))
        examine(tiny_module)
    assert len(runs) == 1
