"""Compare the files of two plans: which are unchanged, added, changed and gone."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from transforms.documents import Split
from transforms.splits.collecting import collect
from transforms.splits.plan_files import PlanFiles, files_of, has_same_content


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
    return compare_files(files_of(collect(before)), files_of(collect(now)), has_same_content)


def compare_files(
    old: PlanFiles, new: PlanFiles, is_same: Callable[[PlanFiles, PlanFiles], np.ndarray]
) -> PlanComparison:
    """Compare the files of two plans.

    Args:
        old: of the earlier plan.
        new: of the later one.
        is_same: returns which files of a path have not changed, bool [files].
    """
    places = new.places_in(old)
    is_known = places >= 0
    has_changed = np.zeros(len(places), bool)
    has_changed[is_known] = ~is_same(new.take(np.flatnonzero(is_known)), old.take(places[is_known]))
    return PlanComparison(
        unchanged=int((is_known & ~has_changed).sum()),
        added=new.some_paths(~is_known),
        changed=new.some_paths(has_changed),
        gone=old.some_paths(old.places_in(new) < 0),
    )


def describe(unchanged: int, added: int, changed: int, gone: int) -> str:
    """Return numbers of files as text.

    >>> describe(1, 0, 2, 0)
    '1 file unchanged, 0 added, 2 changed, 0 gone'
    """
    files = "file" if unchanged == 1 else "files"
    return f"{unchanged:,} {files} unchanged, {added:,} added, {changed:,} changed, {gone:,} gone"
