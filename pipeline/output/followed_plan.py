"""Follow the plan of an earlier call: the same files are read together, and cut, as they were then.

A plan of now may differ although no file has changed. A file that could not be read then, or cannot
be read now, divides small files otherwise, and a folder that could not be listed has files now.
"""

import bisect
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output import plan_comparison
from transforms import escaping
from transforms.documents import Source, Split
from transforms.groups.grouping import group_of, splits_of_files
from transforms.splits.collecting import collect
from transforms.splits.file_columns import PATH, VERSION
from transforms.splits.plan_files import files_of, is_equal
from transforms.splits.split_columns import SplitColumns


class Followed(NamedTuple):
    """The plan to follow of two plans of a job.

    Attributes:
        splits: the plan. Files that an earlier call reads together stay together, because its parts
            stay valid; a file that it could not read is read alone.
        before, now: both plans, completed by each other, as if every file were read alone.
    """

    splits: Sequence[Split]
    before: Sequence[Split]
    now: Sequence[Split]


def follow(plan: Sequence[Split], stored: Sequence[Split], is_proven: bool) -> Followed:
    """Follow the plan of an earlier call as far as it has the files of now.

    Args:
        plan: as planned now.
        stored: as planned by the earlier call, or its beginning.
        is_proven: whether the stored plan is certain to be undamaged. If not, none of its numbers
            is followed.
    """
    plan, stored = collect(plan), collect(stored)
    if plan == stored:
        return Followed(plan, [], [])
    if not any(map(_is_to_follow, (plan, stored))) or (
        is_proven and _has_other_files(plan, stored)
    ):
        return Followed(plan, stored, plan)
    alone = _alone(plan, _whole_files(stored) if is_proven else {})
    stored_alone = _alone(stored, _whole_files(plan))
    now = completed(alone, stored_alone)
    before = completed(stored_alone, now)
    return Followed(
        _together(now, [*_groups(stored, now), *_new_groups(plan, stored)]), before, now
    )


def _is_to_follow(plan: SplitColumns) -> bool:
    """Whether a plan reads files together, or could not read one."""
    return bool(plan.is_unread.any() or plan.rows["members"].any())


def _has_other_files(plan: SplitColumns, stored: SplitColumns) -> bool:
    """Whether the files of two plans differ, and all could be read: then neither is followed."""
    if plan.is_unread.any() or stored.is_unread.any():
        return False
    changes = plan_comparison.compare_files(files_of(stored), files_of(plan), is_equal)
    return bool(changes.added or changes.changed or changes.gone)


def _alone(splits: Iterable[Split], known: Mapping[Source, Split]) -> list[Split]:
    """Return a plan as if every file were read alone; some by splits of another plan."""
    return [
        known.get(one.source, one) if split.members else one
        for split in splits
        for one in splits_of_files(split)
    ]


def _whole_files(splits: Iterable[Split]) -> dict[Source, Split]:
    """Return the files that are one split."""
    files = itertools.groupby(splits, lambda split: split.source)
    whole = {source: list(of_file) for source, of_file in files}
    return {source: one[0] for source, one in whole.items() if len(one) == 1 and not one[0].unread}


def _groups(stored: Iterable[Split], now: Iterable[Split]) -> Iterator[Split]:
    """Yield the groups of a stored plan whose files are still there."""
    files = {split.source for split in now}
    for split in stored:
        # A damaged line has something that does not follow from its files.
        if split.members and split == group_of(split.members) and files.issuperset(split.members):
            yield split


def _new_groups(plan: Iterable[Split], stored: Iterable[Split]) -> Iterator[Split]:
    """Yield the groups of a plan that have no file of a stored plan."""
    paths = {file.path for split in stored for file in split.files}
    for split in plan:
        if split.members and paths.isdisjoint(file.path for file in split.members):
            yield split


def _together(alone: Iterable[Split], groups: Iterable[Split]) -> list[Split]:
    """Return a plan that reads the files of each group together, at the place of its first file."""
    of_first = {group.members[0]: group for group in groups}
    others = {file for group in of_first.values() for file in group.members[1:]}
    return [of_first.get(split.source, split) for split in alone if split.source not in others]


def completed(plan: Sequence[Split], other: Sequence[Split]) -> Sequence[Split]:
    """Complete a plan: a file that it could not read is cut as in another plan of the same file.

    A folder that it could not list has the files that the other plan lists there.
    """
    if not any(split.unread for split in plan):
        return plan
    known = _by_file(other)
    files = _by_file(_with_listed(plan, other)).items()
    whole = [split for file, splits in files for split in _read_by_either(splits, known.get(file))]
    is_other = len(whole) == len(other) and set(whole) == set(other)
    return other if is_other else whole


def _is_unlisted(split: Split) -> bool:
    """Whether a split takes the place of files that could not be listed."""
    return bool(split.unread) and not split.source.version


def _with_listed(plan: Sequence[Split], other: Sequence[Split]) -> Sequence[Split]:
    """Replace what could not be listed by the splits of the files there in another plan."""
    present = {split.source.path for split in plan if not _is_unlisted(split)}
    files: dict[str, list[Split]] = {}
    for split in other:
        if split.source.path not in present:
            files.setdefault(split.source.path, []).append(split)
    paths = sorted(files)
    return [
        one
        for split in plan
        for one in (_listed_at(split.source.path, files, paths) if _is_unlisted(split) else [])
        or [split]
    ]


def _listed_at(
    path: str, files: Mapping[str, list[Split]], paths: Sequence[str]
) -> Sequence[Split]:
    """Return the splits of the file at a path, and of all files below it if it is a folder."""
    below = path.rstrip("/")
    first, last = (bisect.bisect_left(paths, bound) for bound in (f"{below}/", f"{below}0"))
    return [split for one in (path, *paths[first:last]) for split in files.get(one, [])]


def _by_file(splits: Iterable[Split]) -> dict[tuple[str, int, str], list[Split]]:
    files: dict[tuple[str, int, str], list[Split]] = {}
    for split in splits:
        source = split.source
        files.setdefault((source.path, source.size, source.version), []).append(split)
    return files


def _read_by_either(splits: list[Split], known: list[Split] | None) -> list[Split]:
    if known is None or not any(split.unread for split in splits):
        return splits
    if len(known) != len(splits):
        return known
    return [other if one.unread else one for one, other in zip(splits, known, strict=True)]


def differences(before: Sequence[Split], now: Sequence[Split]) -> list[str]:
    """Describe how the input changed between two plans, one line per file.

    What could not be listed before, and is no longer there, was never input.
    """
    later = collect(now)
    new = files_of(later)
    earlier = _without_unlisted(collect(before), new.paths)
    old = files_of(earlier)
    changes = plan_comparison.compare_files(old, new, is_equal)
    states = {"is missing": changes.gone, "is new": changes.added, "has changed": changes.changed}
    lines = [
        f"{escaping.one_line(path)} {state}" for state, paths in states.items() for path in paths
    ]
    if not lines and not old.paths.equals(new.paths):
        lines.append("its files are in another order")
    if not lines and earlier != later:
        lines.append("its files are cut at other places")
    return lines


def _without_unlisted(splits: SplitColumns, paths: pa.LargeStringArray) -> SplitColumns:
    """Leave out what could not be listed and is not among some paths."""
    files = splits.files.columns
    has_version = pc.greater(pc.binary_length(files.column(VERSION)), 0)
    is_kept = pc.or_(has_version, pc.is_in(files.column(PATH), value_set=paths))
    kept = is_kept.to_numpy(zero_copy_only=False)[splits.rows["file"]]
    return splits.take(kept | ~splits.is_unread)
