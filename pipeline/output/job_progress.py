"""How far a job is, by its receipts."""

from collections.abc import Iterable, Sequence

from pipeline import manifest
from pipeline.manifest import Progress
from pipeline.output.run_file import Run
from transforms.documents import Split
from transforms.receipts import Receipt


def load_progress(folder: str, splits: Sequence[Split], run: Run) -> Progress:
    """Read the receipts of an output folder and match them with the plan.

    Args:
        folder: the output folder.
        splits: the plan.
        run: the run; before the analysis nothing is done, and no receipt is read.
    """
    return match_receipts(splits, manifest.load_receipts(folder) if run.transform else [], run)


def match_receipts(splits: Sequence[Split], receipts: Iterable[Receipt], run: Run) -> Progress:
    """Match receipts with the plan of a run; see `manifest.measure_progress`."""
    fingerprint = run.fingerprint if run.transform else ""
    return manifest.measure_progress(splits, receipts, fingerprint)
