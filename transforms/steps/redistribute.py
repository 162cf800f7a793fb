"""RedistributeParts: from splits to parts, distributed over all workers of a cluster."""

import dataclasses
from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa

from transforms.documents import Split, header_of
from transforms.read import ReadParts


@dataclasses.dataclass
class RedistributeParts(beam.PTransform):
    """Read splits of many parts each, such as a gzip file, and shuffle the parts to all workers.

    Without the shuffle, one worker would process all parts of a split. Only this transform shuffles
    text; splits of one part, and jobs in one process, need only `ReadParts`.

    A GroupByKey with one part for each key shuffles them, not Beam's Reshuffle: Flink treats that
    as a hint and ignores it (https://github.com/apache/beam/issues/30621).

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
    """Return a part after its key."""
    return header_of(part).key, part


def without_key(group: tuple[str, Iterable[pa.RecordBatch]]) -> Iterable[pa.RecordBatch]:
    """Drop the key."""
    return group[1]
