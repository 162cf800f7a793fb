from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from tensorflow.core.protobuf import saved_model_pb2

from tests.conftest import make_checkpoint
from tests.paths import DATA
from transforms.bert import encoder
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint import Checkpoint

IDS = np.array([[2, 5, 6, 7, 3, 0], [2, 9, 3, 0, 0, 0]], np.int32)
MASK = (IDS != 0).astype(np.int32)


def call(path: Path, tags: list[str], name: str = "tokens") -> dict[str, np.ndarray]:
    module = tf.saved_model.load(str(path), tags=tags)
    outputs = module.signatures[name](
        input_ids=tf.constant(IDS),
        input_mask=tf.constant(MASK),
        segment_ids=tf.zeros_like(IDS),
    )
    return {name: value.numpy() for name, value in outputs.items()}


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_module_has_the_tags_and_signatures_of_googles_modules(tiny_path: Path) -> None:
    model = saved_model_pb2.SavedModel.FromString((tiny_path / "saved_model.pb").read_bytes())
    assert [sorted(graph.meta_info_def.tags) for graph in model.meta_graphs] == [[], ["train"]]
    for graph in model.meta_graphs:
        assert {"default", "tokens", "tokenization_info"} <= set(graph.signature_def)
        signature = graph.signature_def["tokens"]
        assert {info.dtype for info in signature.inputs.values()} == {tf.int32.as_datatype_enum}
        assert set(signature.outputs) == {"pooled_output", "sequence_output"}
    assert (tiny_path / "tfhub_module.pb").read_bytes() == b"\x08\x03"


def test_tokenization_info_has_vocabulary_and_casing(tiny_path: Path) -> None:
    info = hub.load(str(tiny_path)).signatures["tokenization_info"]()
    assert info["do_lower_case"].numpy()
    # The file's name only: under TF2 no path in the graph survives a move.
    assert info["vocab_file"].numpy() == b"vocab.txt"
    assert (tiny_path / "assets/vocab.txt").is_file()


def test_the_graph_computes_what_the_encoder_computes(
    tiny_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    variables = {name: tf.constant(value) for name, value in tiny_checkpoint.variables.items()}
    pooled, sequence, *_ = encoder.encode(
        variables,
        tiny_checkpoint.shape,
        IDS,
        MASK,
        np.zeros_like(IDS),
        architecture=tiny_checkpoint.architecture,
    )
    outputs = call(tiny_path, [])
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-5)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-5)


@pytest.mark.slow
def test_the_default_signature_is_that_of_tokens(tiny_path: Path) -> None:
    tokens, default = call(tiny_path, []), call(tiny_path, [], "default")
    assert set(tokens) == set(default)
    for name, value in tokens.items():
        np.testing.assert_array_equal(default[name], value)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 16])
def test_the_default_models_vectors_are_the_golden_ones(minilm_path: Path, batch: int) -> None:
    golden = np.load(DATA / "minilm_golden.npz", allow_pickle=False)
    offsets = golden["offsets"]
    rows = np.split(golden["input_ids"], offsets[1:-1])
    whole = golden["full_index"].tolist()
    splits = np.cumsum([len(rows[number]) for number in whole])[:-1]
    expected = dict(zip(whole, np.split(golden["full_rows"], splits), strict=True))
    assert len(rows) == 60
    module = hub.load(str(minilm_path))
    for start in range(0, len(rows), batch):
        ids = tf.ragged.constant(
            [row.tolist() for row in rows[start : start + batch]], tf.int32
        ).to_tensor()
        outputs = module.signatures["tokens"](
            input_ids=ids, input_mask=tf.cast(ids != 0, tf.int32), segment_ids=tf.zeros_like(ids)
        )
        sequences = outputs["sequence_output"].numpy()
        for number, sequence in enumerate(sequences, start):
            vectors = sequence[: len(rows[number])]
            norms = golden["row_norm"][offsets[number] : offsets[number + 1]]
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), norms, atol=1e-3)
            if number in expected:
                np.testing.assert_allclose(vectors, expected.pop(number), atol=1e-4)
    assert expected == {}


@pytest.mark.slow
def test_training_drops_out_and_inference_does_not(tiny_path: Path) -> None:
    first, second = call(tiny_path, ["train"]), call(tiny_path, ["train"])
    assert not np.allclose(first["sequence_output"], second["sequence_output"])
    assert not np.allclose(first["pooled_output"], second["pooled_output"])
    first, second = call(tiny_path, []), call(tiny_path, [])
    np.testing.assert_array_equal(first["sequence_output"], second["sequence_output"])


@pytest.mark.slow
def test_the_gelu_of_the_weights_is_kept(tmp_path: Path, tiny_path: Path) -> None:
    importing.write_module(make_checkpoint(activation="gelu_tanh"), tmp_path / "tanh")
    erf, tanh = call(tiny_path, []), call(tmp_path / "tanh", [])
    difference = np.abs(erf["sequence_output"] - tanh["sequence_output"]).max()
    assert 1e-5 < difference < 0.1


@pytest.mark.slow
def test_two_imports_write_the_same_bytes(
    tmp_path: Path, tiny_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    importing.write_module(tiny_checkpoint, tmp_path / "elsewhere/again")
    assert files(tmp_path / "elsewhere/again") == files(tiny_path)


def test_files_at_the_destination_are_not_changed(
    tmp_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="exists and is not empty"):
        importing.write_module(tiny_checkpoint, tmp_path)
    assert files(tmp_path) == {"mine.txt": b"mine"}


@pytest.mark.slow
def test_an_empty_folder_is_filled_and_a_file_is_not_replaced(
    tmp_path: Path, tiny_path: Path, tiny_checkpoint: Checkpoint
) -> None:
    (tmp_path / "empty").mkdir()
    importing.write_module(tiny_checkpoint, tmp_path / "empty")
    assert files(tmp_path / "empty") == files(tiny_path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="exists and is not empty"):
        importing.write_module(tiny_checkpoint, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.slow
def test_a_failed_import_leaves_nothing(
    tmp_path: Path, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(importing, "_make_deterministic", fail)
    with pytest.raises(OSError, match="disk full"):
        importing.write_module(tiny_checkpoint, tmp_path / "module")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_cased_model_without_dropout_is_written(tmp_path: Path) -> None:
    importing.write_module(make_checkpoint(do_lower_case=False, dropout=0.0), tmp_path / "cased")
    info = hub.load(str(tmp_path / "cased")).signatures["tokenization_info"]()
    assert not info["do_lower_case"].numpy()
    trained, inferred = call(tmp_path / "cased", ["train"]), call(tmp_path / "cased", [])
    for name, value in inferred.items():
        np.testing.assert_array_equal(trained[name], value)
