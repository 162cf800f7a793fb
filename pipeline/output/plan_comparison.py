"""Compare the files of two plans: which are unchanged, added, changed and gone."""

from collections.abc import Iterable
from typing import NamedTuple

from transforms.documents import Split


class PlanComparison(NamedTuple):
    """How the files of a corpus changed between two plans.

    Attributes:
        unchanged: the number of files that both plans have, with the same size and time of change.
        added, changed, gone: paths of the other files, in corpus order.
    """

    unchanged: int = 0
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def compare(before: Iterable[Split], now: Iterable[Split]) -> PlanComparison:
    """Compare two plans, file by file; how the files are cut and grouped does not matter."""
    old, new = _files(before), _files(now)
    changed = tuple(path for path in new if path in old and new[path] != old[path])
    added = tuple(path for path in new if path not in old)
    return PlanComparison(
        unchanged=len(new) - len(added) - len(changed),
        added=added,
        changed=changed,
        gone=tuple(path for path in old if path not in new),
    )


def _files(splits: Iterable[Split]) -> dict[str, tuple[int, str, str, str]]:
    """Return what identifies the version of each file, by path."""
    return {
        file.path: (file.size, file.version, file.format, file.compression)
        for split in splits
        for file in split.files
    }


def describe(unchanged: int, added: int, changed: int, gone: int) -> str:
    """Return numbers of files as text.

    >>> describe(1, 0, 2, 0)
    '1 file unchanged, 0 added, 2 changed, 0 gone'
    """
    files = "file" if unchanged == 1 else "files"
    return f"{unchanged:,} {files} unchanged, {added:,} added, {changed:,} changed, {gone:,} gone"
