"""Delete the files of an output folder that no kept generation names.

Only files that a job has written there are deleted: those of receipts whose keys follow from a plan
in the folder, and files of data that have the name of a part of such a plan and no receipt.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence, Set

import numpy as np
import pyarrow as pa

from pipeline import manifest
from pipeline.errors import output_errors
from pipeline.generations import kept_files
from pipeline.generations.history import current_generation
from pipeline.generations.named_parts import names_of_parts
from pipeline.output import earlier_plans, job_progress, layout, lock, plan_file, run_file
from pipeline.output.layout import DATA_FOLDERS, DIGESTS, RECEIPTS, RUN_FILE
from pipeline.parts.receipt_table import ReceiptTable
from pipeline.parts.sorted_hashes import NameHashes
from transforms.documents import KEY_DIGITS, Split, file_stem
from transforms.io import folder_listing, storage
from transforms.receipts import Receipt
from transforms.reuse import digest_files
from transforms.splits.collecting import collect
from transforms.splits.file_columns import PATH

# Files that one request deletes.
_AT_ONCE = 500
# The name of a file of a part: the stem of its source, its first position, and its key.
_OF_PART = re.compile(rf"((.+)-\d{{12,}}-[0-9a-f]{{{KEY_DIGITS}}})\.[a-z.]+")


@dataclasses.dataclass(frozen=True)
class Cleaning:
    """What is to be deleted from a folder; paths are within it.

    Attributes:
        kept: the numbers of the generations that stay, ascending.
        manifests: of the others, and the copy of the current one if no update has begun.
        changes: files of the changes that began the others.
        data: files of records and of rejected documents.
        bytes: their size.
        receipts: of the parts of these files.
        plans: of these manifests, and plans that were replaced unfinished.
    """

    kept: tuple[int, ...]
    manifests: tuple[str, ...]
    changes: tuple[str, ...]
    data: tuple[str, ...]
    bytes: int
    receipts: tuple[str, ...]
    plans: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """All files, in the order in which they are deleted.

        After a kill no manifest names a file that is gone, and the same command goes on: receipts
        name the files that are left, and plans, which prove the receipts, are deleted last.
        """
        return (*self.manifests, *self.changes, *self.data, *self.receipts, *self.plans)


def clean(folder: str, keep: int, *, is_dry: bool = False) -> Cleaning:
    """Delete what no kept generation names; raise as `plan_cleaning`.

    Args:
        folder: the output folder.
        keep: the number of generations that stay, the newest ones.
        is_dry: delete nothing.

    Raises:
        UsageError: a job runs in the folder, or files in it can never be deleted.
    """
    if is_dry:
        return plan_cleaning(folder, keep)
    with lock.hold(folder), output_errors(folder):
        cleaning = plan_cleaning(folder, keep)
        _delete(folder, cleaning)
    return cleaning


def plan_cleaning(folder: str, keep: int) -> Cleaning:
    """Find what no kept generation names, and no part of the plan that `embed` follows.

    Args:
        folder: the output folder.
        keep: the number of generations that stay, the newest ones; 1 or more.

    Raises:
        ValueError: the folder is not one of a job, or a file that decides is damaged.
        OSError: the folder cannot be read.
    """
    run = run_file.load_run(folder)
    if run is None:
        raise ValueError(layout.describe_missing(folder, RUN_FILE))
    # They differ if a call was killed between the writes of plan.jsonl and run.json.
    followed = (plan_file.load_stored(folder), earlier_plans.load_followed(folder, run))
    current = current_generation(folder)
    numbers = sorted({*kept_files.kept_generations(folder), *([current] if current else [])})
    kept, gone = numbers[-keep:], numbers[:-keep]
    is_named = followed[0].sha256 == run.plan
    # An update that ended early, and was followed by none, left copies of what is current.
    copied = current if is_named and run.generation == current else None
    plans = [followed[0].splits, *earlier_plans.iterate_plans(folder)]
    receipts = manifest.load_receipts(folder)
    manifests = [kept_files.manifest_in(folder, number) for number in kept]
    splits = [plan.splits for plan in followed]
    named = NameHashes(
        *(names_of_parts(folder, name) for name in manifests),
        job_progress.of_plans(receipts, splits, run).values("name"),
    )
    known = job_progress.of_plans(receipts, plans, run)
    dropped = known.select(~named.have(list(known.values("name"))))
    data = _data_of(folder, dropped, named, plans)
    return Cleaning(
        kept=tuple(kept),
        manifests=tuple(
            kept_files.manifest_of(number)
            for number in kept_files.kept_generations(folder)
            if number in (*gone, copied)
        ),
        # Also those of a generation whose manifest a killed call has deleted.
        changes=tuple(
            path
            for path, number in kept_files.kept_changes(folder).items()
            if kept and number < kept[0]
        ),
        data=tuple(data),
        bytes=sum(data.values()),
        receipts=tuple(f"{RECEIPTS}/{name}.json" for name in dropped.values("name")),
        plans=tuple(
            path
            for path, number in kept_files.kept_plans(folder).items()
            if (number not in kept or number == copied or kept_files.is_replaced(path))
            and (is_named or path not in earlier_plans.paths_of(run))
        ),
    )


def _delete(folder: str, cleaning: Cleaning) -> None:
    steps = (cleaning.manifests, cleaning.changes, cleaning.data, cleaning.receipts, cleaning.plans)
    for paths in steps:
        for first in range(0, len(paths), _AT_ONCE):
            chosen = paths[first : first + _AT_ONCE]
            storage.delete([storage.within(folder, path) for path in chosen])


def to_lines(cleaning: Cleaning, *, is_dry: bool) -> Iterator[str]:
    """Yield what people read of a cleaning: what stays, what goes, and each file that goes."""
    kept = ", ".join(map(str, cleaning.kept)) or "none is finished"
    yield f"kept        generations {kept}, and the parts of the plan"
    number, megabytes = len(cleaning.receipts), cleaning.bytes / 1e6
    verb = "to delete" if is_dry else "deleted"
    yield (
        f"{verb:<11} {number:,} parts, {len(cleaning.data):,} files of {megabytes:,.1f} MB, "
        f"{len(cleaning.manifests):,} manifests"
    )
    yield from (f"            {path}" for path in cleaning.paths)


def _data_of(
    folder: str, dropped: ReceiptTable, named: NameHashes, plans: Iterable[Sequence[Split]]
) -> dict[str, int]:
    """Return the files of data and of digests to delete, and their sizes.

    Args:
        folder: the output folder.
        dropped: receipts of the parts that go.
        named: the parts that stay.
        plans: all that the folder followed.
    """
    of_dropped = dict.fromkeys(path for part in dropped for path in _files_of(part))
    # Also receipts that are damaged or withdrawn: `embed` decides on these.
    receipts = folder_listing.iterate_names(storage.join(folder, RECEIPTS))
    known = NameHashes(name.partition(".json")[0] for name in receipts)
    stems = {file_stem(path) for plan in plans for path in _sources_of(plan)}
    sizes: dict[str, int] = {}
    others: dict[str, int] = {}
    for family in (*DATA_FOLDERS, DIGESTS):
        left: dict[str, int] = {}
        for listed in folder_listing.iterate_blocks(storage.join(folder, family)):
            parts = [_part_of(name, stems) for name in listed.names]
            is_left = ~(named.have(parts) | known.have(parts))
            for number, name in enumerate(listed.names):
                path = f"{family}/{name}"
                if path in of_dropped:
                    sizes[path] = int(listed.sizes[number])
                elif parts[number] and is_left[number]:
                    left[path] = int(listed.sizes[number])
        others |= sorted(left.items())
    return {path: sizes[path] for path in of_dropped if path in sizes} | others


def _sources_of(plan: Sequence[Split]) -> Iterator[str]:
    """Yield the path of the source of each split, once."""
    columns = collect(plan)
    numbers = np.unique(columns.rows["file"])
    paths: Iterable[str] = columns.files.columns.column(PATH).take(pa.array(numbers)).to_pylist()
    yield from paths


def _part_of(name: str, stems: Set[str]) -> str:
    """Return the name of the part that a file has by its name; empty if it is of none."""
    match = _OF_PART.fullmatch(name)
    return match[1] if match and match[2] in stems else ""


def _files_of(part: Receipt) -> Iterator[str]:
    """Yield the files that a receipt names and that have the name of its part, and the digests."""
    for file in part.files:
        family, _, name = file.path.partition("/")
        if family in DATA_FOLDERS and name.startswith(f"{part.name}."):
            yield file.path
    yield digest_files.path_of(part.name)
