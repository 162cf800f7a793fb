"""ReadPlan: a worker reads the pending splits from the plan in the output folder.

A graph that contained the splits would grow with the corpus, and services limit the size of a
graph: Dataflow to 10 MB. The graph contains one bit for each line of the plan instead.
"""

import contextlib
import dataclasses
import itertools
import zlib
from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np

from transforms.documents import Split
from transforms.io import storage
from transforms.splits.collecting import collect


@dataclasses.dataclass(frozen=True)
class ChosenLines:
    """Some lines of a plan.

    Attributes:
        path: path of the plan.
        marks: one bit per line, 1 if the line is chosen; the first line has the highest bit of the
            first byte. Compressed by zlib.
        count: number of chosen lines.
    """

    path: str
    marks: bytes
    count: int


def choose_lines(path: str, splits: Iterable[Split]) -> ChosenLines:
    """Find the lines of some splits.

    Args:
        path: path of a plan.
        splits: some of its splits, in the order of the plan.

    Raises:
        ValueError: the plan does not contain one of them, or in another order.
    """
    chosen_lines = (line.encode() for block in collect(splits).lines() for line in block)
    next_line = next(chosen_lines, None)
    marks = bytearray()
    with contextlib.closing(storage.open_for_reading(path)) as lines:
        for line in lines:
            marks.append(line == next_line)
            if marks[-1]:
                next_line = next(chosen_lines, None)
    if next_line is not None:
        raise ValueError(f"{path} has changed since the job started; run the same command again")
    bits = np.packbits(np.frombuffer(marks, np.uint8))
    return ChosenLines(path, zlib.compress(bits.tobytes()), sum(marks))


def read_lines(chosen: ChosenLines) -> Iterator[Split]:
    """Read the splits of the chosen lines, in order.

    Raises:
        ValueError: the plan is damaged, or has fewer lines.
    """
    bits = np.unpackbits(np.frombuffer(zlib.decompress(chosen.marks), np.uint8))
    count = 0
    with contextlib.closing(storage.open_for_reading(chosen.path)) as lines:
        for line in itertools.compress(lines, bits):
            yield Split.from_json(line)
            count += 1
    if count != chosen.count:
        raise ValueError(f"{chosen.path} is truncated; run the same command again")


@dataclasses.dataclass
class ReadPlan(beam.PTransform):
    """Read the pending splits from the plan.

    Attributes:
        chosen: the lines to read; all workers must have access to the plan.
    """

    chosen: ChosenLines

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[Split]:
        return (
            begin | "Begin" >> beam.Impulse() | "ReadLines" >> beam.ParDo(_ReadLines(self.chosen))
        )


class _ReadLines(beam.DoFn):
    def __init__(self, chosen: ChosenLines) -> None:
        self._chosen = chosen

    def process(self, _: bytes) -> Iterator[Split]:
        yield from read_lines(self._chosen)
