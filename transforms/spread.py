"""SpreadParts: splits to parts, whose work all workers of a cluster share."""

import dataclasses

import apache_beam as beam
import pyarrow as pa

from transforms.documents import Split
from transforms.read import ReadParts


def has_one_part(split: Split) -> bool:
    """Whether the worker that reads a split has but one part to go on with."""
    return split.is_one_part


def has_several_parts(split: Split) -> bool:
    """Whether all parts of a split, such as a gzip, would fall to the worker that reads it."""
    return not split.is_one_part


@dataclasses.dataclass
class SpreadParts(beam.PTransform):
    """Read splits as parts, and shuffle the parts that one reader has many of.

    Only there does text cross a shuffle, and only on a cluster is there somebody to take it: within
    one process use `ReadParts` alone.

    Attributes:
        read: reads the splits.
    """

    read: ReadParts

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[pa.RecordBatch]:
        alone = splits | "Alone" >> beam.Filter(has_one_part) | "ReadAlone" >> self.read
        together = (
            splits
            | "Together" >> beam.Filter(has_several_parts)
            | "ReadTogether" >> self.read
            | "Share" >> beam.Reshuffle()
        )
        return (alone, together) | "All" >> beam.Flatten()
