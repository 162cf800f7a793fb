from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import tensor_bundle_pb2

from tests.transforms.bert.fuzzing import write_table
from transforms.bert.sorted_table import read_table
from transforms.bert.tensor_bundle import TensorBundle

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "deep/b": np.array(True),
    "c": np.arange(4, dtype=np.int64),
    "d": np.array([1.5, -2], ml_dtypes.bfloat16),
    "e": np.zeros([0, 3], np.float16),
}


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A checkpoint of `ARRAYS`, 300 small variables and a string."""
    arrays = {**ARRAYS, **{f"many/{n:03}": np.array(n, np.float64) for n in range(300)}}
    prefix = str(tmp_path / "some.ckpt")
    names = [*arrays, "text"]
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[*map(tf.constant, arrays.values()), tf.constant("h" * 300)],
    )
    return Path(prefix)


def test_variables_are_read_as_tensorflow_reads_them(prefix: Path) -> None:
    bundle, reader = TensorBundle(prefix), tf.train.load_checkpoint(str(prefix))
    shapes = {name: tuple(shape) for name, shape in reader.get_variable_to_shape_map().items()}
    assert bundle.shapes == shapes
    for name in shapes.keys() - {"text"}:
        array, expected = bundle.read(name), reader.get_tensor(name)
        assert array.dtype == np.asarray(expected).dtype
        np.testing.assert_array_equal(array, expected, err_msg=name)
    assert bundle.read_string("text") == reader.get_tensor("text") == b"h" * 300


def test_what_is_not_there_is_named(prefix: Path, tmp_path: Path) -> None:
    bundle = TensorBundle(prefix)
    with pytest.raises(ValueError, match=r"some\.ckpt\.\*: there is no variable none"):
        bundle.read("none")
    with pytest.raises(ValueError, match="text has no numbers"):
        bundle.read("text")
    with pytest.raises(ValueError, match="a is not one string"):
        bundle.read_string("a")
    Path(f"{prefix}.data-00000-of-00001").unlink()
    with pytest.raises(ValueError, match="data-00000-of-00001 is missing"):
        bundle.read("a")
    with pytest.raises(ValueError, match=r"none\.index cannot be read: No such file"):
        TensorBundle(tmp_path / "none")


def test_damage_of_data_is_found(prefix: Path) -> None:
    data = Path(f"{prefix}.data-00000-of-00001")
    whole = data.read_bytes()
    bundle = TensorBundle(prefix)
    for place, name in ((0, "a"), (whole.index(b"hhh") + 9, "text")):
        data.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        read = bundle.read_string if name == "text" else bundle.read
        with pytest.raises(ValueError, match=f"{name} is damaged: it has a wrong checksum"):
            read(name)
    data.write_bytes(whole[:10])
    with pytest.raises(ValueError, match="is cut short: a is not in it"):
        bundle.read("a")


def test_every_changed_bit_of_an_index_is_found(prefix: Path) -> None:
    index = Path(f"{prefix}.index")
    whole = index.read_bytes()
    expected = TensorBundle(prefix).shapes
    for place in range(0, len(whole), 7):
        index.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            assert TensorBundle(prefix).shapes == expected
        except ValueError as error:
            assert str(error).startswith("some.ckpt.index is damaged: ")  # noqa: PT017


def entry(**fields: object) -> bytes:
    content: bytes = tensor_bundle_pb2.BundleEntryProto(**fields).SerializeToString()
    return content


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "it has no header"),
        ([(b"a", b"")], "it has no header"),
        ([(b"", b""), (b"b", b""), (b"a", b"")], "its keys are not in order"),
        ([(b"", b""), (b"a" * 5000, b"")], "an entry is outside its block"),
        ([(b"", b""), (b"\xff", b"")], "is damaged"),
        ([(b"", b"\x10\x01")], "its numbers are big-endian"),
        ([(b"", b""), (b"a", b"\xff")], "is damaged"),
        ([(b"", b""), (b"a", b"\x12\x04\x12\x02\x08\x80")], "is damaged"),
    ],
)
def test_a_hostile_index_is_refused(
    entries: list[tuple[bytes, bytes]], message: str, tmp_path: Path
) -> None:
    (tmp_path / "x.index").write_bytes(write_table(entries))
    with pytest.raises(ValueError, match=message):
        TensorBundle(tmp_path / "x")


def test_sizes_that_no_array_has_are_refused(tmp_path: Path) -> None:
    index, data = tmp_path / "x.index", tmp_path / "x.data-00000-of-00001"
    data.write_bytes(bytes(64))
    header = (b"", b"\x08\x01")
    for size in (-1, -(2**63)):
        shape = {"dim": [{"size": size}]}
        index.write_bytes(write_table([header, (b"a", entry(dtype=1, shape=shape))]))
        with pytest.raises(ValueError, match="the shape of b'a' is not one of an array"):
            TensorBundle(tmp_path / "x")
    for fields in ({"size": 2**62}, {"offset": 2**63 - 1, "size": 8}, {"size": -1}, {"offset": -9}):
        index.write_bytes(write_table([header, (b"a", entry(dtype=1, **fields))]))
        with pytest.raises(ValueError, match=r"cut short|another size"):
            TensorBundle(tmp_path / "x").read("a")
    shape = {"dim": [{"size": 2**62}, {"size": 2**62}]}
    index.write_bytes(write_table([header, (b"a", entry(dtype=1, shape=shape, size=64))]))
    with pytest.raises(ValueError, match="another size than its shape says"):
        TensorBundle(tmp_path / "x").read("a")


def test_a_block_cannot_be_listed_twice() -> None:
    """Else a small index of many references to one block would take any time."""
    entries = [(b"", b""), (b"a", b"")]
    assert list(read_table(write_table(entries))) == entries
    with pytest.raises(ValueError, match="its blocks overlap"):
        list(read_table(write_table(entries, references=2)))
    with pytest.raises(ValueError, match="it does not end as an index does"):
        list(read_table(write_table(entries)[:-1]))
