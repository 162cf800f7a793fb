"""ReadPlan: the splits to be done, read by a worker from the plan in the output folder.

A graph that held the splits itself would grow with the corpus, and services bound what a graph may
take: Dataflow 10 MB. It holds a bit for each line of the plan instead.
"""

import contextlib
import dataclasses
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np

from transforms import checked_json
from transforms.documents import Split
from transforms.io import storage


@dataclasses.dataclass(frozen=True)
class ChosenLines:
    """Some lines of a plan.

    Attributes:
        path: of the plan.
        marks: a bit a line, the first the highest of its byte; 1 where it is chosen. By zlib.
        count: of the chosen lines.
    """

    path: str
    marks: bytes
    count: int


def to_line(split: Split) -> str:
    """Write the line of a split, its end included."""
    return f"{json.dumps(split.to_json())}\n"


def choose_lines(path: str, splits: Iterable[Split]) -> ChosenLines:
    """Find the lines of some splits.

    Args:
        path: of a plan.
        splits: some of it, in its order.

    Raises:
        ValueError: the plan lacks one of them, or has it in another place.
    """
    wanted = (to_line(split).encode() for split in splits)
    next_one = next(wanted, None)
    marks = bytearray()
    with contextlib.closing(storage.open_for_reading(path)) as lines:
        for line in lines:
            marks.append(line == next_one)
            if marks[-1]:
                next_one = next(wanted, None)
    if next_one is not None:
        raise ValueError(f"{path} has changed while the job was begun; run the same command again")
    bits = np.packbits(np.frombuffer(marks, np.uint8))
    return ChosenLines(path, zlib.compress(bits.tobytes()), sum(marks))


def read_lines(chosen: ChosenLines) -> Iterator[Split]:
    """Read the splits of chosen lines, in order.

    Raises:
        ValueError: the plan is damaged, or has fewer of them.
    """
    bits = np.unpackbits(np.frombuffer(zlib.decompress(chosen.marks), np.uint8))
    found = 0
    with contextlib.closing(storage.open_for_reading(chosen.path)) as lines:
        for line in itertools.compress(lines, bits):
            yield Split.from_json(checked_json.loads(line.decode()))
            found += 1
    if found != chosen.count:
        raise ValueError(f"{chosen.path} was cut short; run the same command again")


@dataclasses.dataclass
class ReadPlan(beam.PTransform):
    """Read the splits that are to be done from the plan.

    Attributes:
        chosen: which lines of which plan; all workers have to see it.
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
