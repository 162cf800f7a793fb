"""Find the damaged files of parts, and withdraw the receipts that name them."""

import contextlib
from collections.abc import Iterable, Mapping, Set

from pipeline.generations.named_parts import names_of_parts
from pipeline.manifest import DATA_FOLDERS, MANIFEST_FILE, WITHDRAWN, WITHDRAWN_MANIFEST
from transforms.io import storage
from transforms.io.local_status import FileMetadata
from transforms.receipts import RECEIPTS, Receipt, WrittenFile


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
    listed = {
        f"{family}/{name}": metadata
        for family in DATA_FOLDERS
        for name, metadata in storage.list_folder(storage.join(folder, family)).items()
    }
    damaged, lines = [], []
    for receipt in receipts:
        problems = [_problem(file, receipt.finished, listed) for file in receipt.files]
        if any(problems):
            damaged.append(receipt)
            lines.append(next(filter(None, problems)))
    if damaged:
        withdraw_manifest_of(folder, {receipt.name for receipt in damaged})
    for receipt in damaged:
        invalidate_part(folder, receipt)
    return lines


def _problem(file: WrittenFile, since: float, listed: Mapping[str, FileMetadata]) -> str | None:
    metadata = listed.get(file.path)
    if metadata is None:
        return f"{file.path} is missing"
    if metadata.size_in_bytes != file.bytes:
        return f"{file.path} has {metadata.size_in_bytes} bytes, not {file.bytes}"
    changed_later = metadata.last_updated_in_seconds > since
    if changed_later and storage.hash_file(metadata.path) != file.sha256:
        return f"{file.path} has changed"
    return None


def invalidate_part(folder: str, receipt: Receipt) -> None:
    """Rename a wrong receipt, once no manifest that readers use names its part."""
    path = storage.join(folder, RECEIPTS, f"{receipt.name}.json")
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
    paths = [
        metadata.path
        for name, metadata in storage.list_folder(storage.join(folder, RECEIPTS)).items()
        if name.endswith(WITHDRAWN)
    ]
    storage.delete(paths)
    storage.delete_file(storage.join(folder, WITHDRAWN_MANIFEST))
