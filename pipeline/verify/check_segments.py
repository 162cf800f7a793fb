"""Check segments against the receipts of which they are copies."""

from collections.abc import Iterable

from pipeline.parts import receipt_columns, receipt_files, segment_files
from transforms.receipts import Receipt


def segment_faults(folder: str, receipts: Iterable[Receipt]) -> dict[str, str]:
    """Return a line for each segment that differs from receipts, by its path.

    A row that does not count is no fault, and neither is a segment that nobody reads.

    Args:
        folder: the output folder.
        receipts: as their files have them.

    Raises:
        OSError: the folder or a segment cannot be read.
    """
    by_name = {receipt.name: receipt for receipt in receipts}
    listed = set(receipt_files.list_receipts(folder))
    faults = {}
    for path, batch in segment_files.iterate_segments(folder):
        if batch is None:
            continue
        try:
            copies = receipt_columns.decode(batch)
        except ValueError as error:
            faults[path] = f"{path}: {error}"
            continue
        names, sizes, changed = segment_files.listed_in(batch)
        listed_in = (names, sizes.tolist(), changed.tolist())
        others = [
            copy.name
            for copy, of_copy in zip(copies, zip(*listed_in, strict=True), strict=True)
            if of_copy in listed and by_name.get(copy.name) != copy
        ]
        if others:
            faults[path] = (
                f"{path}: differs from {len(others):,} of its receipts, the first is {others[0]}"
            )
    return faults
