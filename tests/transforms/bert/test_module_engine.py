import gc
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests import tf2_module, written_modules
from tests.conftest import TINY_VOCABULARY, make_checkpoint
from transforms.bert import encoder, module, module_session
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.module_session import run_each
from transforms.checkpoints.checkpoint import Checkpoint

IDS = np.array([[2, 5, 6, 7, 8, 3], [2, 9, 17, 3, 0, 0], [2, 3, 0, 0, 0, 0]], np.int32)
MASK = (IDS != 0).astype(np.int32)
SEGMENTS = np.array([[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]], np.int32)


@pytest.fixture(scope="module")
def engine(tiny_module: BertModule) -> ModuleEngine:
    return ModuleEngine(tiny_module)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["gelu_erf", "gelu_tanh"])
def test_the_engine_computes_the_encoders_vectors(tmp_path: Path, activation: str) -> None:
    checkpoint = make_checkpoint(activation=activation, layer_norm_eps=0.01, seed=3)
    written_modules.write(checkpoint, tmp_path / "module")
    engine = ModuleEngine(module.inspect(tmp_path / "module"))
    gc.collect()
    pooled, sequence, *_ = engine.run(IDS, MASK, SEGMENTS)
    variables = {name: tf.constant(value) for name, value in checkpoint.variables.items()}
    expected_pooled, expected_sequence, *_ = encoder.encode(
        variables, checkpoint.shape, IDS, MASK, SEGMENTS, architecture=checkpoint.architecture
    )
    assert (engine.hidden_size, pooled.dtype, sequence.dtype) == (16, np.float32, np.float32)
    np.testing.assert_allclose(sequence, expected_sequence, atol=1e-5)
    np.testing.assert_allclose(pooled, expected_pooled, atol=1e-5)


def test_segments_and_masks_reach_the_graph(engine: ModuleEngine) -> None:
    pooled, sequence, *_ = engine.run(IDS, MASK, SEGMENTS)
    for other_pooled, other, *_ in (
        engine.run(IDS, MASK, 1 - SEGMENTS),
        engine.run(IDS, np.where(IDS == 7, 0, np.where(IDS == 9, 0, MASK)), SEGMENTS),
    ):
        assert np.abs(other_pooled - pooled)[:2].max(-1).min() > 1e-4
        assert np.abs(other - sequence)[:2, 0].max(-1).min() > 1e-4


@pytest.mark.parametrize("width", [6, 7, 16, 32])
def test_vectors_do_not_depend_on_batch_and_padding(engine: ModuleEngine, width: int) -> None:
    padding = width - IDS.shape[1]
    ids, mask, segments = (
        np.pad(array, [(0, 0), (0, padding)], constant_values=filler)
        for array, filler in ((IDS, 11), (MASK, 0), (SEGMENTS, 1))
    )
    pooled, sequence, *_ = engine.run(ids, mask, segments)
    assert sequence.shape == (3, width, 16)
    for row, length in enumerate(MASK.sum(axis=1)):
        place = (slice(row, row + 1), slice(length))
        alone_pooled, alone, *_ = engine.run(IDS[place], MASK[place], SEGMENTS[place])
        np.testing.assert_allclose(sequence[row, :length], alone[0], atol=1e-5)
        np.testing.assert_allclose(pooled[row], alone_pooled[0], atol=1e-5)


@pytest.mark.parametrize(
    ("replaced", "by", "shape"),
    [
        ("pooled_output", "sequence_output", r"\(1, 2, 16\)"),
        ("sequence_output", "pooled_output", r"\(1, 16\)"),
    ],
)
def test_outputs_of_other_shapes_are_refused(
    tmp_path: Path, tiny_checkpoint: Checkpoint, replaced: str, by: str, shape: str
) -> None:
    written_modules.write(tiny_checkpoint, tmp_path / "module")
    file = tmp_path / "module/saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for graph in model.meta_graphs:
        outputs = graph.signature_def["tokens"].outputs
        outputs[replaced].CopyFrom(outputs[by])
        # Otherwise it is refused at inspection.
        outputs[replaced].tensor_shape.Clear()
        outputs[replaced].tensor_shape.unknown_rank = True
    file.write_bytes(model.SerializeToString())
    inspected = module.inspect(tmp_path / "module")
    with pytest.raises(
        ValueError, match=f"module: its {replaced} has the shape {shape} for a batch"
    ):
        ModuleEngine(inspected)
    inputs = np.ones([1, 2], np.int32)
    with pytest.raises(
        ValueError, match=f"module: its {replaced} has the shape {shape} for a batch"
    ):
        run_each(inspected, [(inputs, inputs, inputs)])


def test_a_single_run_computes_what_the_engine_computes(
    engine: ModuleEngine, tiny_module: BertModule, tmp_path: Path
) -> None:
    tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY)
    tf2 = module.inspect(tmp_path / "tf2")
    for inspected, other in ((tiny_module, engine), (tf2, ModuleEngine(tf2))):
        (once,) = run_each(inspected, [(IDS, MASK, SEGMENTS)])
        repeated = other.run(IDS, MASK, SEGMENTS)
        np.testing.assert_allclose(once.pooled, repeated.pooled, atol=1e-6)
        np.testing.assert_allclose(once.sequence, repeated.sequence, atol=1e-6)


def test_a_graph_that_fails_in_a_session_is_loaded_by_the_engine(
    engine: ModuleEngine, tiny_module: BertModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise tf.errors.FailedPreconditionError(None, None, "Table not initialized.")

    monkeypatch.setattr(module_session, "_run_in_session", fail)
    (once,) = run_each(tiny_module, [(IDS, MASK, SEGMENTS)])
    repeated = engine.run(IDS, MASK, SEGMENTS)
    np.testing.assert_array_equal(once.pooled, repeated.pooled)


@pytest.mark.slow
def test_a_tf2_module_does_not_train_and_receives_mask_and_segments(tmp_path: Path) -> None:
    saved = tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY)
    engine = ModuleEngine(module.inspect(tmp_path / "tf2"))
    pooled, sequence, *_ = engine.run(IDS, MASK, SEGMENTS)
    words, positions, types = (weights.numpy() for weights in saved.weights[:3])
    expected = (words[IDS] + types[SEGMENTS] + positions[:6]) * MASK[:, :, np.newaxis]
    np.testing.assert_allclose(sequence, expected, atol=1e-6)
    np.testing.assert_allclose(pooled, np.tanh(expected[:, 0]), atol=1e-6)


class Untrainable(tf2_module.Tf2Bert):
    """Its call takes no `training`."""

    @tf.function
    def __call__(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        sequence = tf.gather(self.weights[0], inputs["input_word_ids"])
        return {"pooled_output": sequence[:, 0], "sequence_output": sequence}


def test_a_tf2_module_need_not_take_training(tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("".join(f"{token}\n" for token in TINY_VOCABULARY))
    model = Untrainable(vocabulary, len(TINY_VOCABULARY), do_lower_case=True)
    names = ("input_word_ids", "input_mask", "input_type_ids")
    model.__call__.get_concrete_function(
        {name: tf.TensorSpec([None, None], tf.int32, name) for name in names}
    )
    tf.saved_model.save(model, str(tmp_path / "tf2"))
    engine = ModuleEngine(module.inspect(tmp_path / "tf2"))
    _, sequence, *_ = engine.run(IDS, MASK, SEGMENTS)
    np.testing.assert_allclose(sequence, model.weights[0].numpy()[IDS], atol=1e-6)
