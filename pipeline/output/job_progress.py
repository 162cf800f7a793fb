"""How far a job is, by its receipts."""

from collections.abc import Iterable, Sequence

from pipeline.output.run_file import Run
from pipeline.parts import part_progress
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_store import load_receipts
from pipeline.parts.receipt_table import ReceiptTable, table_of
from transforms.documents import Split
from transforms.receipts import Receipt


def load_progress(folder: str, splits: Sequence[Split], run: Run) -> Progress:
    """Read the receipts of an output folder and match them with the plan.

    Args:
        folder: the output folder.
        splits: the plan.
        run: the run; before the analysis nothing is done, and no receipt is read.
    """
    return match_receipts(splits, load_receipts(folder) if run.transform else [], run)


def find_progress(folder: str, splits: Sequence[Split], run: Run | None) -> Progress | None:
    """Return the progress of a run; None before the analysis, or without a run."""
    if run is None or run.transform is None:
        return None
    return load_progress(folder, splits, run)


def of_job(receipts: Iterable[Receipt], splits: Iterable[Split], run: Run) -> ReceiptTable:
    """Return the receipts whose key follows from a plan and a run; see also `match_receipts`.

    If a part is missing, the parts after it in the same split are among them.
    """
    return of_plans(receipts, [splits], run)


def of_plans(
    receipts: Iterable[Receipt], plans: Iterable[Iterable[Split]], run: Run
) -> ReceiptTable:
    """Return the receipts whose key follows from a run and one of several plans."""
    if run.transform is None:
        return table_of([])
    return part_progress.of_plans(receipts, plans, run.fingerprint)


def match_receipts(splits: Sequence[Split], receipts: Iterable[Receipt], run: Run) -> Progress:
    """Match receipts with the plan of a run; see `part_progress.measure_progress`."""
    fingerprint = run.fingerprint if run.transform else ""
    return part_progress.measure_progress(splits, receipts, fingerprint)
