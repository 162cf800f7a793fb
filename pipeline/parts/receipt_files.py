"""Read receipts from their files."""

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from transforms.io import folder_listing, storage
from transforms.io.folder_listing import ListedFiles
from transforms.receipts import RECEIPTS, Receipt

_ENDING = ".json"
# An object store answers each read after a delay: threads, and reads started ahead.
_THREADS, _AHEAD = 32, 4096


class ListedReceipt(NamedTuple):
    """What a listing says of a receipt: of another content, at least one of it differs.

    Attributes:
        name: of the receipt.
        bytes: of its file.
        changed: when the file was changed, in UNIX seconds.
    """

    name: str
    bytes: int
    changed: float


def list_blocks(folder: str) -> Iterator[ListedFiles]:
    """Yield the receipts in an output folder, in any order, without reading them.

    They are listed by their names, without the ending of the files.
    """
    for block in folder_listing.iterate_blocks(storage.join(folder, RECEIPTS)):
        chosen = np.array([name.endswith(_ENDING) for name in block.names], bool)
        names = [name[: -len(_ENDING)] for name in block.names if name.endswith(_ENDING)]
        yield ListedFiles(names, block.sizes[chosen], block.changed[chosen])


def list_receipts(folder: str) -> Iterator[ListedReceipt]:
    """Yield what `list_blocks` yields, one receipt at a time."""
    for names, sizes, changed in list_blocks(folder):
        yield from map(ListedReceipt, names, sizes.tolist(), changed.tolist())


def path_of(folder: str, name: str) -> str:
    """Return the path of a receipt."""
    return storage.join(folder, RECEIPTS, f"{name}{_ENDING}")


def read_receipts(
    folder: str, listed: Iterable[ListedReceipt]
) -> Iterator[tuple[ListedReceipt, Receipt]]:
    """Read receipts, in order; skip those that were truncated or renamed, or no longer exist.

    Raises:
        OSError: one cannot be read.
    """
    for_paths, for_pairs = itertools.tee(listed)
    paths = (path_of(folder, one.name) for one in for_paths)
    receipts = _read_in_parallel(paths) if "://" in folder else map(_read, paths)
    for one, receipt in zip(for_pairs, receipts, strict=True):
        if receipt is not None:
            yield one, receipt


def _read_in_parallel(paths: Iterable[str]) -> Iterator[Receipt | None]:
    """Read receipts, in order, in several threads."""
    iterator = iter(paths)
    with ThreadPoolExecutor(_THREADS) as threads:
        while chosen := list(itertools.islice(iterator, _AHEAD)):
            yield from threads.map(_read, chosen)


def _read(path: str) -> Receipt | None:
    """Read a receipt; return None if it was truncated or renamed, or no longer exists."""
    receipt = None
    with contextlib.suppress(ValueError):
        receipt = Receipt.from_json(_content(path))
    has_its_name = receipt is not None and os.path.basename(path) == f"{receipt.name}{_ENDING}"
    return receipt if has_its_name else None


def _content(path: str) -> bytes:
    """Read a file that was just listed; return nothing if it no longer exists.

    It is opened without a check before: of a million receipts the check would take as long again.
    """
    try:
        return storage.read_whole(path)
    except OSError:
        if storage.exists(path):
            raise
        return b""
