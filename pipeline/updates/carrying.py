"""Carry parts to another version of their file: their documents are the same, and so their output.

The output of a part depends on its documents and the job alone. A part of a file that was only
touched or appended to gets the name that its key has now, and a receipt; nothing is computed.
"""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pipeline.options.embed_config import EmbedConfig
from pipeline.output import earlier_plans, job_progress
from pipeline.output.run_file import Run
from pipeline.parts.receipt_table import ReceiptTable
from transforms.documents import PartHeader, Split, header_of
from transforms.groups.read_split import SourceError, read_unchanged
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt, WrittenFile
from transforms.reuse import digest_files
from transforms.sources.base import ReadConfig
from transforms.sources.content_digest import hash_columns
from transforms.splits.collecting import collect
from transforms.splits.plan_files import files_of

# Files of an object store are read and copied after a delay.
_THREADS = 16
# The place of a part in its file: path, first position, end.
_Place = tuple[str, int, int]


class Carried(NamedTuple):
    """A part whose documents are those of an earlier part.

    Attributes:
        receipt: of the earlier part.
        header: of the part.
    """

    receipt: Receipt
    header: PartHeader


def find_carried(
    config: ReadConfig, splits: Iterable[Split], receipts: Iterable[Receipt], run: Run
) -> Iterator[Carried]:
    """Read splits of files that have changed, and find the parts whose documents are the same.

    Args:
        config: how the files are read.
        splits: those that are not done. Only files of which a receipt knows the documents are read.
        receipts: of the job, in any order.
        run: of the job.
    """
    earlier: dict[_Place, list[Receipt]] = {}
    for receipt in receipts:
        if receipt.documents_sha256:
            earlier.setdefault((receipt.source, receipt.start, receipt.end), []).append(receipt)
    starts = {(source, start) for source, start, _ in earlier}
    chosen = [split for split in splits if (split.source.path, split.start) in starts]
    find = functools.partial(_find_in, config=config, earlier=earlier, run=run)
    with ThreadPoolExecutor(_THREADS) as threads:
        for found in threads.map(find, chosen):
            yield from found


def _find_in(
    split: Split, config: ReadConfig, earlier: Mapping[_Place, Sequence[Receipt]], run: Run
) -> list[Carried]:
    """Find the parts of a split; a file that cannot be read is left to the job."""
    found = []
    with contextlib.suppress(SourceError):
        for part in read_unchanged(split, config, run.fingerprint):
            header = header_of(part)
            candidates = earlier.get((header.source, header.start, header.end), ())
            sha256 = hash_columns(part) if candidates else ""
            for receipt in candidates:
                is_same = (receipt.documents_sha256, receipt.last) == (sha256, header.last)
                if is_same and receipt.key != header.key:
                    found.append(Carried(receipt, header))
                    break
    return found


def carry(config: EmbedConfig, parts: Iterable[Carried]) -> int:
    """Give the files of earlier parts the names of their new keys; return the number of parts.

    Raises:
        OSError: the folder cannot be read or written.
    """
    with ThreadPoolExecutor(_THREADS) as threads:
        return sum(threads.map(functools.partial(_carry_one, config.output), parts))


def _carry_one(folder: str, part: Carried) -> bool:
    """Carry a part; return False if its files are gone."""
    receipt, name = part.receipt, part.header.name
    files = []
    for file in receipt.files:
        family, _, stem = file.path.partition("/")
        path = f"{family}/{stem.replace(receipt.name, name, 1)}"
        if storage.size_of(storage.within(folder, file.path)) != file.bytes:
            return False
        storage.duplicate(folder, file.path, path)
        files.append(WrittenFile(path, file.records, file.bytes, file.sha256))
    digests = digest_files.path_of(receipt.name)
    if storage.exists(storage.within(folder, digests)):
        # They belong to the content of the files, whatever their names.
        storage.duplicate(folder, digests, digest_files.path_of(name))
    now = dataclasses.replace(receipt, key=part.header.key, name=name, files=tuple(files))
    if "://" in folder:
        # The copies are younger than the receipt of the earlier part, and were not computed now.
        now = dataclasses.replace(now, seconds={}, finished=round(time.time(), 3))
    storage.write_text(folder, f"{RECEIPTS}/{name}.json", now.to_json())
    return True


def carry_unchanged(
    config: EmbedConfig, splits: Sequence[Split], run: Run, receipts: ReceiptTable
) -> int:
    """Carry all parts of a plan that are not done, and whose documents are those of earlier parts.

    Args:
        config: of the job.
        splits: the plan.
        run: of the job.
        receipts: those in the folder.

    Returns:
        the number of parts.

    Raises:
        OSError: the folder cannot be read or written.
    """
    if run.transform is None:
        return 0
    pending = collect(job_progress.match_receipts(splits, receipts, run).pending)
    receipts = receipts.select(receipts.places_in("source", files_of(pending).paths) >= 0)
    plans = [splits, *earlier_plans.iterate_plans(config.output)]
    known = job_progress.of_plans(receipts, plans, run)
    return carry(config, find_carried(config.input.read, pending, known, run))
