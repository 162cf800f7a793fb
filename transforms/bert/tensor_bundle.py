"""Read the variables of checkpoints and modules, without TensorFlow's reader.

TensorFlow's reader ends the process at some damaged or hostile files; this one raises ValueError.

Source: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import tensor_bundle_pb2

from transforms.bert.sorted_table import read_table
from transforms.io.tfrecord_framing import masked_crc

_HEADER_KEY = b""
# The keys of the slices of a partitioned variable begin so.
_SLICE = b"\0"
_WORD = struct.Struct("<I")
_MOST_AXES = 32


class TensorBundle:
    """The variables of a checkpoint; its index is read, and each array when it is asked for.

    Attributes:
        shapes: the shape of each variable that is stored in one piece, by name.
    """

    def __init__(self, prefix: Path) -> None:
        """Read the index.

        Args:
            prefix: of the names of the files, which are PREFIX.index and PREFIX.data-*.

        Raises:
            ValueError: the index is missing or damaged.
            OSError: it cannot be read.
        """
        self._prefix = prefix
        path = Path(f"{prefix}.index")
        try:
            content = path.read_bytes()
            self._shards, self._entries = _read_index(content)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise ValueError(f"{path.name} cannot be read: {error.strerror}") from error
        except (ValueError, DecodeError) as error:
            raise ValueError(f"{path.name} is damaged: {error}") from error
        self.shapes = {
            name: tuple(int(axis.size) for axis in entry.shape.dim)
            for name, entry in self._entries.items()
        }

    def read(self, name: str) -> np.ndarray:
        """Read a variable.

        Raises:
            ValueError: there is no such variable, it is damaged, or it has no numbers.
            OSError: it cannot be read.
        """
        entry = self._entry(name)
        kind = _number_type(entry.dtype)
        if kind is None:
            raise ValueError(f"{self._prefix.name}.*: {name} has no numbers")
        data = self._read_bytes(name, entry)
        if len(data) != math.prod(self.shapes[name]) * kind.itemsize:
            raise ValueError(f"{self._prefix.name}.*: {name} has another size than its shape says")
        self._check(name, entry, data)
        return np.frombuffer(data, kind).reshape(self.shapes[name])

    def read_string(self, name: str) -> bytes:
        """Read a variable that is one string; raises as `read` does."""
        entry = self._entry(name)
        if entry.dtype != types_pb2.DT_STRING or math.prod(self.shapes[name]) != 1:
            raise ValueError(f"{self._prefix.name}.*: {name} is not one string")
        data = self._read_bytes(name, entry)
        # The length as a varint, a checksum of the length, and the string.
        size = next((at + 1 for at, byte in enumerate(data[:10]) if byte < 0x80), 0)
        content = data[size + _WORD.size :]
        length = len(content).to_bytes(_WORD.size if len(content) < 1 << 32 else 8, "little")
        if masked_crc(length) != data[size : size + _WORD.size]:
            raise ValueError(f"{self._prefix.name}.*: {name} has a wrong length")
        self._check(name, entry, length + data[size:])
        return content

    def offset(self, name: str) -> int:
        """Return where the bytes of a variable begin in its file.

        Raises:
            ValueError: there is no such variable, or it is not within its file.
        """
        entry = self._entry(name)
        self._file_of(name, entry)
        return int(entry.offset)

    def check_places(self) -> None:
        """Check that the bytes of every variable are within its file, without reading them.

        Raises:
            ValueError: a file is missing or cut short.
            OSError: the size of a file cannot be read.
        """
        for name, entry in self._entries.items():
            self._file_of(name, entry)

    def _entry(self, name: str) -> tensor_bundle_pb2.BundleEntryProto:
        if name not in self._entries:
            raise ValueError(f"{self._prefix.name}.*: there is no variable {name}")
        return self._entries[name]

    def _read_bytes(self, name: str, entry: tensor_bundle_pb2.BundleEntryProto) -> bytes:
        with open(self._file_of(name, entry), "rb") as file:
            file.seek(entry.offset)
            return file.read(entry.size)

    def _file_of(self, name: str, entry: tensor_bundle_pb2.BundleEntryProto) -> Path:
        """Return the file of a variable, after checking that the variable is within it."""
        path = Path(f"{self._prefix}.data-{entry.shard_id:05}-of-{self._shards:05}")
        if not path.is_file():
            raise ValueError(f"{path.name} is missing")
        if not 0 <= entry.offset <= entry.offset + entry.size <= path.stat().st_size:
            raise ValueError(f"{path.name} is cut short: {name} is not in it")
        return path

    def _check(self, name: str, entry: tensor_bundle_pb2.BundleEntryProto, data: bytes) -> None:
        if masked_crc(data) != _WORD.pack(entry.crc32c):
            raise ValueError(f"{self._prefix.name}.*: {name} is damaged: it has a wrong checksum")


def _read_index(content: bytes) -> tuple[int, dict[str, tensor_bundle_pb2.BundleEntryProto]]:
    """Return the number of files with data, and the entry of each variable in one piece."""
    table = read_table(content)
    key, value = next(table, (None, b""))
    if key != _HEADER_KEY:
        raise ValueError("it has no header")
    header = tensor_bundle_pb2.BundleHeaderProto.FromString(value)
    if header.endianness != tensor_bundle_pb2.BundleHeaderProto.LITTLE:
        raise ValueError("its numbers are big-endian")
    return header.num_shards, dict(_whole_variables(table))


def _whole_variables(
    table: Iterator[tuple[bytes, bytes]],
) -> Iterator[tuple[str, tensor_bundle_pb2.BundleEntryProto]]:
    for key, value in table:
        if key.startswith(_SLICE):
            continue
        entry = tensor_bundle_pb2.BundleEntryProto.FromString(value)
        sizes = [axis.size for axis in entry.shape.dim]
        if entry.shape.unknown_rank or len(sizes) > _MOST_AXES or min(sizes, default=0) < 0:
            raise ValueError(f"the shape of {key!r} is not one of an array")
        if not entry.slices:
            yield key.decode(), entry


def _number_type(dtype: int) -> np.dtype | None:
    """Return numpy's type of numbers; None if TensorFlow's type is another one or unknown."""
    try:
        kind = tf.dtypes.as_dtype(dtype)
    except TypeError:
        return None
    is_number = kind.is_floating or kind.is_integer or kind.is_bool
    return np.dtype(kind.as_numpy_dtype) if is_number else None
