"""Invalidate the damaged files of a job, so that `embed` writes them again."""

from collections.abc import Sequence

from pipeline import manifest
from pipeline.errors import UsageError
from pipeline.manifest import MANIFEST_FILE
from pipeline.output import lock, output_folder
from transforms.dedup import repeat_files
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt


def invalidate(
    folder: str, damaged: Sequence[Receipt], bad_manifest: bool, bad_table: bool
) -> tuple[tuple[str, ...], str]:
    """Invalidate damaged receipts, a wrong manifest and a wrong table of repeated documents.

    Returns:
        The invalidated files, and what the user can do now.
    """
    if not (damaged or bad_manifest or bad_table):
        return (), ""
    path = storage.join(folder, MANIFEST_FILE)
    invalidated: list[str] = []
    try:
        with lock.hold(folder):
            if bad_table:
                repeat_files.invalidate_table(folder)
                invalidated.append(repeat_files.TABLE_FILE)
            if (damaged or bad_manifest) and storage.exists(path):
                output_folder.delete(path)
                invalidated.append(MANIFEST_FILE)
            for receipt in damaged:
                manifest.invalidate_part(folder, receipt)
                invalidated.append(f"{RECEIPTS}/{receipt.name}.json")
    except (OSError, UsageError) as error:
        reason = (str(error).splitlines() or [""])[0]
        remedy = f"not all damage could be invalidated: {reason}; fix this, then verify again"
        return tuple(invalidated), remedy
    file = repeat_files.TABLE_FILE if bad_table else MANIFEST_FILE
    effect = "embeds the damaged parts again" if damaged else f"writes {file} again"
    return tuple(invalidated), f"run the same embed again: it {effect}"
