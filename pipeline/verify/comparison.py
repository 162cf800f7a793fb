"""Compare the records of a file with the same records computed again."""

import dataclasses
from collections.abc import Collection

import numpy as np
import pyarrow as pa

from pipeline.output.read_records import lengths_of, printable_id
from pipeline.verify.verdict import Drift, SampleResult
from transforms.documents import ID
from transforms.features import INT8
from transforms.records.dtypes import spacing


class Comparison:
    """The result of all comparisons so far: documents, faults, and what could not be checked.

    Vectors may drift. Everything else, numbers among the kept fields included, must be equal.
    """

    def __init__(self, dtype: str, kept: Collection[str]) -> None:
        self._dtype = dtype
        self._kept = frozenset(kept)
        self.documents = 0
        self.faults: list[str] = []
        self.not_checked: list[str] = []
        self._drifts: dict[str, Drift] = {}

    def add(self, path: str, stored: pa.RecordBatch, computed: pa.RecordBatch) -> None:
        """Compare the records of a file with the same records computed again."""
        ids = stored.column(ID).flatten().to_pylist()
        for name in stored.schema.names:
            one, other = stored.column(name), computed.column(name)
            if name not in self._kept and pa.types.is_floating(one.type.value_type):
                row, difference = largest_difference(one, other, self._dtype)
                magnitude = np.abs(other.flatten().to_numpy()).max(initial=0.0)
                drift = Drift(name, difference, printable_id(ids[row]), float(magnitude))
                self._drifts[name] = _larger(self._drifts.get(name, drift), drift)
            elif (place := first_difference(one, other)) is not None:
                self.faults.append(
                    f"{path}: {name} of {printable_id(ids[place])} differs from what its source "
                    "gives"
                )

    def result(self) -> SampleResult:
        """Return the result of all comparisons."""
        return SampleResult(
            documents=self.documents,
            drifts=tuple(self._drifts.values()),
            faults=tuple(self.faults),
            not_checked=tuple(self.not_checked),
        )


def _larger(one: Drift, other: Drift) -> Drift:
    """Return the larger drift of a feature, with the larger magnitude of both."""
    worse = other if other.difference > one.difference else one
    return dataclasses.replace(worse, magnitude=max(one.magnitude, other.magnitude))


def first_difference(one: pa.Array, other: pa.Array) -> int | None:
    """Return the first row in which two columns differ; None if they are equal.

    >>> first_difference(pa.array([[float("nan")], [1.5]]), pa.array([[float("nan")], [1.25]]))
    1
    """
    if one.equals(other):
        return None
    # The texts are compared, since NaN is not equal to itself.
    pairs = enumerate(zip(map(repr, one.to_pylist()), map(repr, other.to_pylist()), strict=True))
    return next((row for row, (old, new) in pairs if old != new), None)


def largest_difference(one: pa.Array, other: pa.Array, dtype: str) -> tuple[int, float]:
    """Find the row in which two columns of lists of floats differ most.

    Args:
        one: large_list<float32>.
        other: the same type and number of rows.
        dtype: the type that both were stored in. Two neighbouring values of this type count as
            equal: a value close to the middle between them may be rounded to either.

    Returns:
        The row, and the largest absolute difference of its values. The difference is infinite if
        the rows have different numbers of values or a value is not finite.
    """
    lengths = lengths_of(one)
    unequal = np.flatnonzero(lengths != lengths_of(other))
    if len(unequal):
        return int(unequal[0]), np.inf
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
    """Return the distance between neighbouring values of a type at each magnitude.

    For int8 the distance depends on the largest value of each row.
    """
    if dtype != INT8:
        return spacing(magnitudes, dtype)
    largest = np.zeros(len(lengths))
    firsts = (np.cumsum(lengths) - lengths)[lengths > 0]
    largest[lengths > 0] = np.maximum.reduceat(magnitudes, firsts)
    units: np.ndarray = spacing(largest[:, np.newaxis], dtype)
    return np.repeat(units[:, 0], lengths)
