"""Weights that depend on the names of variables only: equal in every environment and version."""

import zlib
from collections.abc import Sequence

import numpy as np

from transforms.bert.shape import BertShape, variable_shapes

# Half of the width of the range of values. All parts of an encoder have a share in its vectors.
_TABLE, _KERNEL, _BIAS, _GAMMA = 0.5, 0.3, 0.2, 0.3


def variables(shape: BertShape) -> dict[str, np.ndarray]:
    """Return float32 arrays by Google's names, in Google's layout: kernels are [in, out]."""
    return {name: values(name, size) for name, size in variable_shapes(shape).items()}


def values(name: str, shape: Sequence[int]) -> np.ndarray:
    """Return the float32 values of a variable: uniform around 1 (gamma) or around 0."""
    middle, width = 0.0, _TABLE
    if name.endswith("gamma"):
        middle, width = 1.0, _GAMMA
    elif name.endswith("kernel"):
        # As large after a product of any width as before.
        width = _KERNEL * (32 / shape[0]) ** 0.5
    elif name.endswith(("bias", "beta")):
        width = _BIAS
    drawn = uniform(name, int(np.prod(shape)))
    return (middle + width * drawn).astype(np.float32).reshape(tuple(shape))


def uniform(name: str, count: int) -> np.ndarray:
    """Return float64 numbers from -1 to below 1.

    They are hashes of name and place, by splitmix64 (Steele, Lea and Flood 2014,
    https://doi.org/10.1145/2714064.2660195), in exact integer arithmetic.
    """
    seed = np.uint64(zlib.crc32(name.encode()) << 32)
    with np.errstate(over="ignore"):
        mixed = (np.arange(1, count + 1, dtype=np.uint64) + seed) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0
