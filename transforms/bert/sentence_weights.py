"""The weights of the steps after the pooling, in safetensors files."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays; equal arrays give equal bytes."""
    from safetensors.numpy import save

    path.write_bytes(save({name: np.ascontiguousarray(x) for name, x in sorted(arrays.items())}))


def read_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read float32 arrays of these names and shapes; other arrays of the file are ignored.

    Raises:
        ValueError: one is missing or damaged; the message has the file's name.
        OSError: the file cannot be read.
    """
    import ml_dtypes  # noqa: F401  (adds to numpy the bfloat16 that safetensors files may hold)
    from safetensors import SafetensorError, safe_open

    arrays = {}
    try:
        with safe_open(path, framework="numpy") as tensors:
            names = set(tensors.keys())
            for name, shape in shapes.items():
                if name not in names or tuple(tensors.get_slice(name).get_shape()) != shape:
                    raise ValueError(f"{path.name} has no {name} of shape {list(shape)}")
                arrays[name] = _as_float32(path, name, tensors.get_tensor(name))
    except SafetensorError as error:
        raise ValueError(f"{path.name} is not a safetensors file: {error}") from error
    return arrays


def _as_float32(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    # The bfloat16 of ml_dtypes is of kind V.
    if array.dtype.kind not in "fV":
        raise ValueError(f"{path.name}: {name} has type {array.dtype}, not float")
    values = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{path.name}: {name} has values that are not finite")
    return values
