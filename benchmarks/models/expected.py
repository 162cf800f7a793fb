"""The file of vectors that a model's own program computed. Every environment imports this."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

EXPECTED = "expected.npz"


@dataclasses.dataclass(frozen=True)
class Expected:
    """Inputs, and the vectors that another program computed for each of them alone.

    Attributes:
        input_ids, segment_ids: int32, of each row.
        tokens: float32 [tokens, hidden] of each row; empty if there are none.
        pooled: float32 [rows, hidden]; None if the model has no pooler.
        sentence: float32 [texts, width]; None if the model does not define sentence vectors.
        default: float32 [rows, width]; None if the model has no such output.
        texts: the number of rows that are texts of `texts.TEXTS`; the others are other inputs.
    """

    input_ids: Sequence[np.ndarray]
    segment_ids: Sequence[np.ndarray]
    tokens: Sequence[np.ndarray]
    pooled: np.ndarray | None = None
    sentence: np.ndarray | None = None
    default: np.ndarray | None = None
    texts: int = 0


_ROWS = ("input_ids", "segment_ids", "tokens")
_VECTORS = ("pooled", "sentence", "default")


def write(expected: Expected, folder: Path) -> None:
    """Write the file into a folder."""
    arrays = {name: np.concatenate(getattr(expected, name)) for name in _ROWS}
    arrays |= {
        name: vectors for name in _VECTORS if (vectors := getattr(expected, name)) is not None
    }
    arrays["offsets"] = np.cumsum([0, *map(len, expected.input_ids)], dtype=np.int64)
    arrays["texts"] = np.array(expected.texts)
    np.savez_compressed(folder / EXPECTED, allow_pickle=False, **arrays)


def read(folder: Path) -> Expected:
    """Read the file of a folder."""
    with np.load(folder / EXPECTED, allow_pickle=False) as arrays:
        ends = arrays["offsets"][1:-1]
        rows = {name: np.split(arrays[name], ends) for name in _ROWS}
        return Expected(
            input_ids=rows["input_ids"],
            segment_ids=rows["segment_ids"],
            tokens=rows["tokens"],
            pooled=arrays.get("pooled"),
            sentence=arrays.get("sentence"),
            default=arrays.get("default"),
            texts=int(arrays["texts"]),
        )
