"""RedistributeParts: splits to parts that all workers of a cluster share."""

import dataclasses
from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa

from transforms.documents import Split, header_of
from transforms.read import ReadParts


@dataclasses.dataclass
class RedistributeParts(beam.PTransform):
    """Read splits of many parts each, such as a gzip, and shuffle the parts to all workers.

    Without that, all parts of a split are the work of the one that reads it. Only here does text
    cross a shuffle; splits of one part, and jobs within one process, do with `ReadParts` alone.

    They are grouped by key, each part by itself: Flink takes Beam's Reshuffle for a hint, which it
    may ignore, and does (https://github.com/apache/beam/issues/30621).

    Attributes:
        read: reads the splits.
    """

    read: ReadParts

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[pa.RecordBatch]:
        return (
            splits
            | "ReadWhole" >> self.read
            | "Key" >> beam.Map(with_key)
            | "Share" >> beam.GroupByKey()
            | "Part" >> beam.FlatMap(without_key)
        )


def with_key(part: pa.RecordBatch) -> tuple[str, pa.RecordBatch]:
    """Put a part's key before it."""
    return header_of(part).key, part


def without_key(group: tuple[str, Iterable[pa.RecordBatch]]) -> Iterable[pa.RecordBatch]:
    """Give what has a key."""
    return group[1]
