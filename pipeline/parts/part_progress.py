"""The progress of a job: which splits of its plan are finished, by the receipts of their parts."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from pipeline.parts import file_sums, named_sums, part_chains, plan_receipts
from pipeline.parts.receipt_columns import COUNTS, REASONS
from pipeline.parts.receipt_table import ReceiptTable, table_of
from pipeline.parts.source_sums import SourceSums
from transforms.documents import Split
from transforms.receipts import Receipt
from transforms.splits.collecting import collect


@dataclasses.dataclass(frozen=True)
class Progress:
    """The finished parts and the pending splits of a job.

    Attributes:
        parts: receipts of this job, in corpus order.
        pending: splits that are not finished.
        splits: number of splits in the plan.
    """

    parts: Sequence[Receipt]
    pending: Sequence[Split]
    splits: int

    @functools.cached_property
    def table(self) -> ReceiptTable:
        """The parts as columns."""
        return table_of(self.parts)

    @property
    def complete(self) -> bool:
        """Whether every split is finished."""
        return not self.pending

    def counts(self) -> dict[str, int]:
        """Sum the counts of all parts."""
        return named_sums.totals(self.table, COUNTS)

    @functools.cached_property
    def by_source(self) -> Mapping[str, dict[str, int]]:
        """The sums of the counts of the parts of each file, in corpus order."""
        return SourceSums(self.table)

    def reasons(self) -> dict[str, int]:
        """Sum the rejected documents by reason."""
        return named_sums.totals(self.table, REASONS)

    def seconds(self) -> dict[str, float]:
        """Sum the seconds of all parts by stage."""
        return named_sums.seconds(self.table)

    def written(self) -> tuple[dict[str, int], dict[str, int]]:
        """Count the files of all parts and their bytes, each by folder."""
        return file_sums.written(self.table)


def measure_progress(
    splits: Sequence[Split], receipts: Iterable[Receipt], run_fingerprint: str
) -> Progress:
    """Match receipts with the plan.

    A receipt counts if it has the key that the plan and the run give. Receipts of other versions
    of a file and of other configurations, which may be beside them, have other keys.
    """
    table, columns = table_of(receipts), collect(splits)
    found = part_chains.find_chains(table, columns, run_fingerprint)
    return Progress(
        parts=table.select(found.receipts),
        pending=columns.take(np.flatnonzero(~found.is_done)),
        splits=len(columns),
    )


def of_plans(
    receipts: Iterable[Receipt], plans: Iterable[Iterable[Split]], run_fingerprint: str
) -> ReceiptTable:
    """Return the receipts whose key follows from a run and one of several plans, in their order."""
    table = table_of(receipts)
    chosen = np.zeros(len(table), bool)
    for plan in plans:
        chosen |= plan_receipts.find_receipts(table, collect(plan), run_fingerprint)
    return table.select(chosen)
