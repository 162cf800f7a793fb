"""Find the damaged files of parts, and withdraw the receipts that name them."""

import contextlib
from collections.abc import Iterable, Set

import numpy as np

from pipeline.generations.named_parts import names_of_parts
from pipeline.manifest import MANIFEST_FILE, WITHDRAWN, WITHDRAWN_MANIFEST
from pipeline.output import damaged_files
from pipeline.parts import receipt_files
from pipeline.parts.receipt_store import drop_segments_of
from pipeline.parts.receipt_table import table_of
from transforms.io import folder_listing, storage
from transforms.receipts import RECEIPTS, Receipt


def invalidate_damaged(folder: str, receipts: Iterable[Receipt]) -> list[str]:
    """Invalidate the receipts of damaged files, so that their parts are computed again.

    A file counts as damaged if it is missing, has another size, or was changed after its receipt
    was written and has another sha256. A change that kept size and time is not detected here:
    `verify` reads all files.

    Returns:
        one line for each invalidated receipt.

    Raises:
        OSError: a file cannot be read, which proves no damage; or a receipt cannot be renamed.
    """
    table = table_of(receipts)
    problems = damaged_files.find_problems(folder, table)
    damaged = table.select(np.array(sorted(problems), np.int64))
    names = frozenset(damaged.values("name"))
    if names:
        withdraw_manifest_of(folder, names)
        drop_segments_of(folder, names)
    for receipt in damaged:
        invalidate_part(folder, receipt)
    return [problems[place] for place in sorted(problems)]


def invalidate_part(folder: str, receipt: Receipt) -> None:
    """Rename a wrong receipt, once no manifest that readers use and no segment names its part."""
    path = receipt_files.path_of(folder, receipt.name)
    storage.rename(path, f"{path}{WITHDRAWN}")


def withdraw_manifest_of(folder: str, names: Set[str]) -> bool:
    """Withdraw the manifest if it names one of some parts, or is damaged; return whether it did.

    That of an earlier generation may not name the parts of the next one.
    """
    with contextlib.suppress(ValueError):
        if names.isdisjoint(names_of_parts(folder)):
            return False
    return withdraw_manifest(folder)


def withdraw_manifest(folder: str) -> bool:
    """Rename the manifest, so that nobody reads it; return whether there was one.

    It is not deleted, because the number of its generation is never given again.
    """
    path = storage.join(folder, MANIFEST_FILE)
    if not storage.exists(path):
        return False
    storage.delete_file(f"{path}{WITHDRAWN}")
    storage.rename(path, f"{path}{WITHDRAWN}")
    return True


def delete_withdrawn(folder: str) -> None:
    """Delete what was withdrawn, once it is computed again."""
    receipts = storage.join(folder, RECEIPTS)
    names = folder_listing.iterate_names(receipts)
    storage.delete([storage.join(receipts, name) for name in names if name.endswith(WITHDRAWN)])
    storage.delete_file(storage.join(folder, WITHDRAWN_MANIFEST))
