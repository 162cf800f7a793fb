"""How far a job is, by its receipts."""

from collections.abc import Iterable, Sequence

from pipeline import manifest
from pipeline.manifest import Progress
from pipeline.output.run_file import Run
from transforms.documents import Source, Split, part_key
from transforms.receipts import Receipt


def load_progress(folder: str, splits: Sequence[Split], run: Run) -> Progress:
    """Read the receipts of an output folder and match them with the plan.

    Args:
        folder: the output folder.
        splits: the plan.
        run: the run; before the analysis nothing is done, and no receipt is read.
    """
    return match_receipts(splits, manifest.load_receipts(folder) if run.transform else [], run)


def find_progress(folder: str, splits: Sequence[Split], run: Run | None) -> Progress | None:
    """Return the progress of a run; None before the analysis, or without a run."""
    if run is None or run.transform is None:
        return None
    return load_progress(folder, splits, run)


def of_job(receipts: Iterable[Receipt], splits: Iterable[Split], run: Run) -> list[Receipt]:
    """Return the receipts whose key follows from a plan and a run; see also `match_receipts`.

    If a part is missing, the parts after it in the same split are among them.
    """
    return of_plans(receipts, [splits], run)


def of_plans(
    receipts: Iterable[Receipt], plans: Iterable[Iterable[Split]], run: Run
) -> list[Receipt]:
    """Return the receipts whose key follows from a run and one of several plans."""
    if run.transform is None:
        return []
    # A file has one version in each plan.
    versions: dict[str, dict[Source, None]] = {}
    for plan in plans:
        for path, source in {split.source.path: split.source for split in plan}.items():
            versions.setdefault(path, {})[source] = None
    fingerprint = run.fingerprint
    return [
        receipt
        for receipt in receipts
        if any(
            receipt.key == part_key(source, receipt.start, receipt.end, fingerprint)
            for source in versions.get(receipt.source, ())
        )
    ]


def match_receipts(splits: Sequence[Split], receipts: Iterable[Receipt], run: Run) -> Progress:
    """Match receipts with the plan of a run; see `manifest.measure_progress`."""
    fingerprint = run.fingerprint if run.transform else ""
    return manifest.measure_progress(splits, receipts, fingerprint)
