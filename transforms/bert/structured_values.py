"""Nested structures of tensors, as the SavedModels of TensorFlow 2 describe them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2
from tensorflow.core.protobuf import struct_pb2

_MOST_LEVELS = 8


class DeclaredTensor(NamedTuple):
    """A tensor that a graph declares.

    Attributes:
        name: its name; may be empty.
        dtype: the number of its type; 0 if it is not declared.
        sizes: its sizes, where -1 is any size; None for any number of axes.
    """

    name: str
    dtype: int
    sizes: tuple[int, ...] | None


def sizes_of(shape: tensor_shape_pb2.TensorShapeProto) -> tuple[int, ...] | None:
    """Return the sizes of a shape; None for any number of axes."""
    return None if shape.unknown_rank else tuple(int(axis.size) for axis in shape.dim)


def type_name(dtype: int) -> str:
    """Return TensorFlow's name of a type."""
    try:
        name: str = tf.dtypes.as_dtype(dtype).name
    except TypeError:
        return f"of the unknown type {dtype}"
    return name


def to_python(value: struct_pb2.StructuredValue, level: int = 0) -> Any:
    """Convert a structured value to dicts, lists, tuples, DeclaredTensors, booleans and None.

    What is of another kind, or nested too deeply, becomes None.
    """
    kind = value.WhichOneof("kind")
    if level > _MOST_LEVELS:
        return None
    if kind == "tensor_spec_value":
        spec = value.tensor_spec_value
        return DeclaredTensor(spec.name, spec.dtype, sizes_of(spec.shape))
    if kind == "dict_value":
        fields = value.dict_value.fields
        return {key: to_python(fields[key], level + 1) for key in sorted(fields)}
    if kind == "list_value":
        return [to_python(child, level + 1) for child in value.list_value.values]
    if kind == "tuple_value":
        return tuple(to_python(child, level + 1) for child in value.tuple_value.values)
    return value.bool_value if kind == "bool_value" else None


def tensors_in(value: Any) -> Iterator[DeclaredTensor]:
    """Yield the tensors of a structure."""
    if isinstance(value, DeclaredTensor):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from tensors_in(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from tensors_in(child)
