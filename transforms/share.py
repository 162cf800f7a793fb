"""ShareParts: splits to parts that all workers of a cluster share."""

import dataclasses

import apache_beam as beam
import pyarrow as pa

from transforms.documents import Split
from transforms.read import ReadParts


@dataclasses.dataclass
class ShareParts(beam.PTransform):
    """Read splits of many parts each, such as a gzip, and shuffle the parts to all workers.

    Without that, all parts of a split are the work of the one that reads it. Only here does text
    cross a shuffle; splits of one part, and jobs within one process, do with `ReadParts` alone.

    Attributes:
        read: reads the splits.
    """

    read: ReadParts

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[pa.RecordBatch]:
        return splits | "ReadWhole" >> self.read | "Share" >> beam.Reshuffle()
