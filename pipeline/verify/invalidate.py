"""Invalidate the damaged files of a job, so that `embed` writes them again."""

from collections.abc import Sequence

from pipeline.errors import UsageError
from pipeline.manifest import MANIFEST_FILE
from pipeline.output import invalidation, lock
from pipeline.parts.receipt_store import drop_segments_of
from pipeline.parts.segment_files import SEGMENTS
from transforms.dedup import repeat_files
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt


def invalidate(
    folder: str,
    damaged: Sequence[Receipt],
    bad_manifest: bool,
    bad_table: bool,
    bad_segments: Sequence[str] = (),
) -> tuple[tuple[str, ...], str]:
    """Invalidate damaged receipts, a wrong manifest, wrong segments and a wrong table of repeats.

    Returns:
        The invalidated files, and what the user can do now.
    """
    if not (damaged or bad_manifest or bad_table or bad_segments):
        return (), ""
    invalidated: list[str] = []
    try:
        with lock.hold(folder):
            if bad_table:
                repeat_files.invalidate_table(folder)
                invalidated.append(repeat_files.TABLE_FILE)
            for path in bad_segments:
                storage.delete_file(storage.join(folder, path))
                invalidated.append(path)
            names = {receipt.name for receipt in damaged}
            if (bad_manifest and invalidation.withdraw_manifest(folder)) or (
                names and invalidation.withdraw_manifest_of(folder, names)
            ):
                invalidated.append(MANIFEST_FILE)
            drop_segments_of(folder, names)
            for receipt in damaged:
                invalidation.invalidate_part(folder, receipt)
                invalidated.append(f"{RECEIPTS}/{receipt.name}.json")
    except (OSError, UsageError) as error:
        reason = (str(error).splitlines() or [""])[0]
        remedy = f"not all damage could be invalidated: {reason}; fix this, then verify again"
        return tuple(invalidated), remedy
    wrong = ((repeat_files.TABLE_FILE, bad_table), (MANIFEST_FILE, bad_manifest))
    file = next((name for name, is_wrong in wrong if is_wrong), SEGMENTS)
    effect = "embeds the damaged parts again" if damaged else f"writes {file} again"
    return tuple(invalidated), f"run the same embed again: it {effect}"
