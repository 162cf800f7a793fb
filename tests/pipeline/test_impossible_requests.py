"""What a model cannot do is refused, with the flag and the remedy, before a folder is made."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from pipeline import cli
from tests import tf2_module
from tests.conftest import TINY_VOCABULARY, make_checkpoint
from transforms.checkpoints import importing


@pytest.fixture(scope="module")
def not_rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module whose encoder is not rebuilt: its variables are not recognised."""
    path = tmp_path_factory.mktemp("models") / "tf2"
    tf2_module.save(path, TINY_VOCABULARY)
    return path


def embed(model: Path, flags: str, folder: Path, capfd: pytest.CaptureFixture) -> str:
    """Return the message of a refused job."""
    (folder / "a.txt").write_text("the cat\n")
    words = ["embed", "--input", str(folder / "a.txt"), "--output", str(folder / "out/deep")]
    assert cli.main([*words, "--model", str(model), *flags.split()]) == 2
    error: str = capfd.readouterr().err
    assert len(error.splitlines()) <= 2
    assert not (folder / "out").exists()
    return error


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--features layers:-1", "not recognised; so leave out layers: of --features"),
        ("--features mean,layers:-1", "not recognised; so leave out layers: of --features"),
        (
            "--engine tensorflow --precision bfloat16",
            "not recognised; so leave out --precision bfloat16",
        ),
        ("--features layers:-2", "--features asks for layer -2, the model has 1: give -1"),
        ("--max_seq_length 64", "--max_seq_length is 64, the model has 32 positions"),
        ("--features mean --truncate_dim 9", "--truncate_dim"),
        ("--engine openvino --precision float16", "give float32 or bfloat16"),
    ],
)
def test_a_request_that_no_model_of_the_kind_serves(
    flags: str, message: str, not_rebuilt: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    assert message in embed(not_rebuilt, f"--max_seq_length 8 {flags}", tmp_path, capfd)


@pytest.mark.slow
@pytest.mark.parametrize("flags", ["--pair_separator |", "--text_b_field other"])
def test_pairs_for_a_model_of_one_segment(
    flags: str, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    importing.write_module(make_checkpoint(segments=1), tmp_path / "module")
    (tmp_path / "a.jsonl").write_text('{"text": "the cat", "other": "sat"}\n')
    name = "a.txt" if "separator" in flags else "a.jsonl"
    (tmp_path / "a.txt").write_text("the cat|sat\n")
    words = ["embed", "--input", str(tmp_path / name), "--output", str(tmp_path / "out")]
    words += ["--model", str(tmp_path / "module"), "--max_seq_length", "8", *flags.split()]
    assert cli.main(words) == 2
    error = capfd.readouterr().err
    assert "pairs need 2: leave out --text_b_field and --pair_separator" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("score", "--keep_fields score: the number 0.1 of a sample needs float64"),
        ("score:float64", "exact with --output_format parquet"),
        ("blob:int64", "--keep_fields blob:int64: column 'blob' of "),
        ("tags:int64", "--keep_fields tags:int64: column 'tags' of "),
    ],
)
def test_a_field_that_the_records_cannot_keep(
    field: str, message: str, tiny_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    table = pa.table({"text": ["a"], "score": [0.1], "blob": [b"x"], "tags": [["x"]]})
    parquet.write_table(table, tmp_path / "a.parquet")
    words = ["embed", "--input", str(tmp_path / "a.parquet"), "--output", str(tmp_path / "out")]
    assert cli.main([*words, "--model", str(tiny_path), "--keep_fields", field]) == 2
    error = capfd.readouterr().err
    assert message in error
    assert len(error.splitlines()) <= 2
    assert not (tmp_path / "out").exists()


def without_tokens(signature: meta_graph_pb2.SignatureDef) -> None:
    del signature.outputs["sequence_output"]


def of_other_width(signature: meta_graph_pb2.SignatureDef) -> None:
    signature.outputs["pooled_output"].tensor_shape.dim[-1].size = 3


def of_other_rank(signature: meta_graph_pb2.SignatureDef) -> None:
    signature.outputs["sequence_output"].CopyFrom(signature.outputs["pooled_output"])


def of_scalars(signature: meta_graph_pb2.SignatureDef) -> None:
    del signature.outputs["pooled_output"].tensor_shape.dim[:]


def of_numbers(signature: meta_graph_pb2.SignatureDef) -> None:
    signature.outputs["pooled_output"].dtype = types_pb2.DT_INT32


def of_strings(signature: meta_graph_pb2.SignatureDef) -> None:
    signature.outputs["sequence_output"].dtype = types_pb2.DT_STRING


def of_unknown_type(signature: meta_graph_pb2.SignatureDef) -> None:
    signature.outputs["sequence_output"].dtype = 9999


def without_mask(signature: meta_graph_pb2.SignatureDef) -> None:
    del signature.inputs["input_mask"]


def with_one_more_input(signature: meta_graph_pb2.SignatureDef) -> None:
    signature.inputs["positions"].CopyFrom(signature.inputs["input_ids"])


def of_lengths(*lengths: int) -> Callable[[meta_graph_pb2.SignatureDef], None]:
    def change(signature: meta_graph_pb2.SignatureDef) -> None:
        for name, length in zip(("input_ids", "input_mask", "segment_ids"), lengths, strict=False):
            signature.inputs[name].tensor_shape.dim[1].size = length

    return change


def of_one_batch(signature: meta_graph_pb2.SignatureDef) -> None:
    signature.inputs["input_mask"].tensor_shape.dim[0].size = 4


def of_single_texts(signature: meta_graph_pb2.SignatureDef) -> None:
    del signature.inputs["input_ids"].tensor_shape.dim[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_tokens, "has no output sequence_output, so it is not a whole BERT; it has "),
        (of_other_width, "its pooled_output has vectors of 3, its variables have 16"),
        (of_other_rank, "its sequence_output has 2 axes; that of a BERT has batch x sequence x "),
        (of_scalars, "its pooled_output has 0 axes; that of a BERT has batch x hidden"),
        (of_numbers, "its pooled_output is int32, not float: it is not a BERT"),
        (of_strings, "its sequence_output is string, not float: it is not a BERT"),
        (of_unknown_type, "its sequence_output is of the unknown type 9999, not float"),
        (without_mask, "has the inputs input_ids, segment_ids; that of a BERT has input_ids, "),
        (with_one_more_input, "has the inputs input_ids, input_mask, positions, segment_ids; "),
        (
            of_lengths(64),
            "its inputs have the lengths 64, any, any; those of a BERT have one length",
        ),
        (of_lengths(33, 33, 33), "have the lengths 33, 33, 33; .* one length, within its 32 pos"),
        (of_one_batch, r"its input_mask has the shape \[4, -1\]: it takes batches of 4 only; a m"),
        (
            of_single_texts,
            r"its input_ids has the shape \[-1\]; that of a BERT has batch x sequence",
        ),
    ],
)
def test_a_module_without_the_outputs_of_a_bert(
    change: Callable[[meta_graph_pb2.SignatureDef], None],
    message: str,
    tiny_path: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture,
) -> None:
    path = shutil.copytree(tiny_path, tmp_path / "model")
    saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    for meta_graph in saved.meta_graphs:
        change(meta_graph.signature_def["tokens"])
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())
    assert re.search(message, embed(path, "--max_seq_length 8 --features mean", tmp_path, capfd))


def test_a_module_whose_weights_are_cut_short(
    tiny_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    path = shutil.copytree(tiny_path, tmp_path / "model")
    data = next((path / "variables").glob("*.data*"))
    data.write_bytes(data.read_bytes()[:100])
    error = embed(path, "--max_seq_length 8 --features layers:-1", tmp_path, capfd)
    assert f"--model {path}: " in error
