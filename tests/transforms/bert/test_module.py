import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests import tf2_module, written_modules
from tests.conftest import TINY_VOCABULARY, make_checkpoint
from transforms.bert import model_files, module
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine

IDS = np.array([[2, 5, 6, 3], [2, 7, 3, 0]], np.int32)
MASK = (IDS != 0).astype(np.int32)


@pytest.fixture
def copy(tiny_path: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_path, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_module_is_described(tiny_module: BertModule, tiny_path: Path) -> None:
    shape = tiny_module.shape
    assert (shape.layers, shape.heads, shape.hidden_size) == (2, 4, 16)
    assert (shape.intermediate_size, shape.positions, shape.vocab_size) == (32, 32, 24)
    assert tiny_module.rules.do_lower_case
    assert tiny_module.vocabulary.tokens == TINY_VOCABULARY
    assert tiny_module.tags == ((), ("train",))
    assert tiny_module.signatures == ("default", "tokenization_info", "tokens")
    assert tiny_module.fingerprint == model_files.fingerprint(tiny_path)


def test_the_default_model_is_described(minilm_path: Path) -> None:
    shape = module.inspect(minilm_path).shape
    assert (shape.layers, shape.heads, shape.hidden_size, shape.positions) == (6, 12, 384, 512)


@pytest.mark.slow
def test_a_module_works_after_a_move_and_without_its_marker(
    copy: Path, tiny_module: BertModule
) -> None:
    (copy / "tfhub_module.pb").unlink()
    moved = module.inspect(copy)
    assert moved.vocabulary == tiny_module.vocabulary
    assert moved.fingerprint != tiny_module.fingerprint
    for mine, theirs in zip(
        ModuleEngine(moved).run(IDS, MASK, IDS * 0)[:2],
        ModuleEngine(tiny_module).run(IDS, MASK, IDS * 0)[:2],
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_padding_does_not_change_vectors(tiny_module: BertModule) -> None:
    engine = ModuleEngine(tiny_module)
    pooled, sequence, *_ = engine.run(IDS, MASK, IDS * 0)
    alone_pooled, alone, *_ = engine.run(IDS[1:, :3], MASK[1:, :3], IDS[1:, :3] * 0)
    np.testing.assert_allclose(sequence[1, :3], alone[0], atol=1e-5)
    np.testing.assert_allclose(pooled[1], alone_pooled[0], atol=1e-5)


def test_a_tf2_saved_model_works_too(tmp_path: Path) -> None:
    saved = tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY, do_lower_case=True)
    inspected = module.inspect(tmp_path / "tf2")
    assert inspected.format == "TF2 SavedModel"
    assert inspected.rules.do_lower_case
    assert inspected.vocabulary.tokens == TINY_VOCABULARY
    shape = inspected.shape
    assert (shape.layers, shape.heads, shape.hidden_size, shape.positions) == (1, 2, 8, 32)
    pooled, sequence, *_ = ModuleEngine(inspected).run(IDS, MASK, 1 - MASK)
    inputs = {"input_word_ids": IDS, "input_mask": MASK, "input_type_ids": 1 - MASK}
    expected = saved({k: tf.constant(value) for k, value in inputs.items()}, training=False)
    np.testing.assert_allclose(pooled, expected["pooled_output"], atol=1e-6)
    np.testing.assert_allclose(sequence, expected["sequence_output"], atol=1e-6)
    other = tf2_module.save(tmp_path / "cased", TINY_VOCABULARY)
    assert not other.do_lower_case.numpy()
    assert not module.inspect(tmp_path / "cased").rules.do_lower_case


def test_a_folder_that_is_not_a_module_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no saved_model\.pb"):
        module.inspect(tmp_path)
    whole = (copy / "saved_model.pb").read_bytes()
    (copy / "saved_model.pb").write_bytes(whole[:1000])
    with pytest.raises(ValueError, match=r"saved_model\.pb is broken"):
        module.inspect(copy)


def test_a_module_without_berts_signature_is_refused(tmp_path: Path) -> None:
    other = tf.Module()
    other.f = tf.function(lambda x: x + 1, input_signature=[tf.TensorSpec([], tf.float32)])
    tf.saved_model.save(other, str(tmp_path / "other"), signatures={"add": other.f})
    with pytest.raises(ValueError, match=r"no signature 'tokens' .* it has .*add"):
        module.inspect(tmp_path / "other")


def test_parts_that_do_not_fit_together_are_refused(copy: Path) -> None:
    vocabulary = copy / "assets/vocab.txt"
    vocabulary.write_text(vocabulary.read_text() + "extra\n")
    with pytest.raises(ValueError, match="has 25 wordpieces, its variables have 24"):
        module.inspect(copy)
    vocabulary.unlink()
    with pytest.raises(ValueError, match="no vocabulary in its assets folder"):
        module.inspect(copy)
    (copy / "variables/variables.index").unlink()
    with pytest.raises(ValueError, match="its variables cannot be read"):
        module.inspect(copy)


def test_another_fingerprint_and_too_long_inputs_are_refused(tiny_module: BertModule) -> None:
    assert module.inspect(tiny_module.path, tiny_module.fingerprint.upper())
    with pytest.raises(ValueError, match="`model_sha256` is abc, but"):
        module.inspect(tiny_module.path, "abc")
    tiny_module.check_length(32)
    with pytest.raises(ValueError, match="`max_seq_length` is 33, the model has 32 positions"):
        tiny_module.check_length(33)


def drop_info(model: Any) -> None:
    for graph in model.meta_graphs:
        del graph.signature_def["tokenization_info"]


def compute_casing(model: Any) -> None:
    for graph in model.meta_graphs:
        next(
            node for node in graph.graph_def.node if node.name == "do_lower_case"
        ).op = "LogicalNot"


def keep_train(model: Any) -> None:
    del model.meta_graphs[0]


def rename_tokens(model: Any) -> None:
    for graph in model.meta_graphs:
        graph.signature_def["words"].CopyFrom(graph.signature_def.pop("tokens"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (drop_info, "deep/er: it has no readable do_lower_case .*no tokenization_info"),
        (compute_casing, "deep/er: it has no readable do_lower_case .*computed by LogicalNot"),
        (keep_train, "deep/er: it has no signature 'tokens'"),
        (rename_tokens, "deep/er: .* it has default, tokenization_info, words"),
    ],
)
def test_an_incomplete_graph_is_refused(
    copy: Path, tmp_path: Path, spoil: Callable[[Any], None], message: str
) -> None:
    moved = tmp_path / "deep/er"
    moved.parent.mkdir()
    copy.rename(moved)
    file = moved / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    spoil(model)
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=message):
        module.inspect(moved)


@pytest.mark.parametrize("cut", [0, 1, 1000, -3])
def test_a_truncated_graph_is_refused(copy: Path, cut: int) -> None:
    file = copy / "saved_model.pb"
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"saved_model\.pb is broken|it has no signatures"):
        module.inspect(copy)


def test_variables_of_another_model_are_refused(copy: Path) -> None:
    shutil.rmtree(copy / "variables")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.get_variable("dense/kernel", initializer=0.0)
        session.run(tf.compat.v1.global_variables_initializer())
        target = str(copy / "variables/variables")
        tf.compat.v1.train.Saver().save(session, target, write_meta_graph=False)
    with pytest.raises(ValueError, match="its variables are not those of a BERT"):
        module.inspect(copy)


def test_the_vocabulary_is_found_among_other_assets_and_checked(copy: Path) -> None:
    (copy / "assets/notes.txt").write_text("not a vocabulary")
    assert module.inspect(copy).vocabulary.tokens == TINY_VOCABULARY
    (copy / "assets/vocab.txt").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="copy: the vocabulary file is not UTF-8"):
        module.inspect(copy)


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_casing_is_read_from_the_graph(tmp_path: Path, do_lower_case: bool) -> None:
    written_modules.write(make_checkpoint(do_lower_case=do_lower_case), tmp_path / "module")
    assert module.inspect(tmp_path / "module").rules.do_lower_case is do_lower_case
