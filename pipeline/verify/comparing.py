"""Records as they stand in files against the same made anew."""

import dataclasses
from collections.abc import Collection

import numpy as np
import pyarrow as pa

from pipeline.verify import read_records
from pipeline.verify.verdict import Drift, Sampled
from transforms.documents import ID
from transforms.features import FLOAT32, INT8
from transforms.records.dtypes import spacing


class Tally:
    """What has been compared so far: documents, faults, and what could not be checked.

    Vectors may drift; all else, and so numbers among the kept fields, has to be the same.
    """

    def __init__(self, dtype: str, kept: Collection[str] = ()) -> None:
        self._dtype = dtype
        self._kept = frozenset(kept)
        self.documents = 0
        self.faults: list[str] = []
        self.not_checked: list[str] = []
        self._drifts: dict[str, Drift] = {}

    def compare(self, path: str, stored: pa.RecordBatch, fresh: pa.RecordBatch) -> None:
        """Hold records as they stand in a file against those made anew."""
        ids = stored.column(ID).flatten().to_pylist()
        for name in stored.schema.names:
            one, other = stored.column(name), fresh.column(name)
            if name not in self._kept and pa.types.is_floating(one.type.value_type):
                row, difference = largest_difference(one, other, self._dtype)
                magnitude = np.abs(other.flatten().to_numpy()).max(initial=0.0)
                own = Drift(name, difference, read_records.shown(ids[row]), float(magnitude))
                self._drifts[name] = _wider(self._drifts.get(name, own), own)
            elif (unlike := first_unlike(one, other)) is not None:
                self.faults.append(
                    f"{path}: {name} of {read_records.shown(ids[unlike])} is not what its source "
                    "gives"
                )

    def result(self) -> Sampled:
        """Give what was found."""
        return Sampled(
            documents=self.documents,
            drifts=tuple(self._drifts.values()),
            faults=tuple(self.faults),
            not_checked=tuple(self.not_checked),
        )


def _wider(one: Drift, other: Drift) -> Drift:
    """Join what was found of a feature so far with what was found now."""
    worse = other if other.difference > one.difference else one
    return dataclasses.replace(worse, magnitude=max(one.magnitude, other.magnitude))


def first_unlike(one: pa.Array, other: pa.Array) -> int | None:
    """Find the first row in which two columns differ; None where they are the same.

    >>> first_unlike(pa.array([[float("nan")], [1.5]]), pa.array([[float("nan")], [1.25]]))
    1
    """
    if one.equals(other):
        return None
    # As it is written, not a number is the same as itself.
    pairs = enumerate(zip(map(repr, one.to_pylist()), map(repr, other.to_pylist()), strict=True))
    return next((row for row, (old, new) in pairs if old != new), None)


def largest_difference(one: pa.Array, other: pa.Array, dtype: str = FLOAT32) -> tuple[int, float]:
    """Find the row in which two columns of lists of floats differ most.

    Args:
        one: large_list<float32>.
        other: likewise.
        dtype: what both were stored in. Values that are neighbours there do not differ: what lies
            close to the middle between them may be rounded to either.

    Returns:
        the row, and the largest absolute difference of any of its values; infinite where their
        numbers differ or a value is not finite.
    """
    lengths = read_records.lengths_of(one)
    unlike = np.flatnonzero(lengths != read_records.lengths_of(other))
    if len(unlike):
        return int(unlike[0]), np.inf
    a, b = (column.flatten().to_numpy().astype(np.float64) for column in (one, other))
    if not len(a):
        return 0, 0.0
    with np.errstate(invalid="ignore"):
        gaps = np.maximum(
            np.abs(a - b) - _spacing(np.maximum(np.abs(a), np.abs(b)), lengths, dtype), 0.0
        )
        differences = np.nan_to_num(gaps, nan=np.inf)
    worst = int(differences.argmax())
    row = int(np.searchsorted(np.cumsum(lengths), worst, side="right"))
    return row, float(differences[worst])


def _spacing(magnitudes: np.ndarray, lengths: np.ndarray, dtype: str) -> np.ndarray:
    """Tell how far neighbours are from each other; of int8 by the largest value of each row."""
    if dtype != INT8:
        return spacing(magnitudes, dtype)
    most = np.zeros(len(lengths))
    firsts = (np.cumsum(lengths) - lengths)[lengths > 0]
    most[lengths > 0] = np.maximum.reduceat(magnitudes, firsts)
    units: np.ndarray = spacing(most[:, np.newaxis], dtype)
    return np.repeat(units[:, 0], lengths)
