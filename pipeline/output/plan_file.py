"""plan.jsonl: the splits of a job, one JSON line each."""

import bisect
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from apache_beam.io.filesystems import FileSystems

from pipeline.errors import WRITTEN_AGAIN
from pipeline.output import layout
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from transforms import escaping
from transforms.documents import Source, Split
from transforms.io import path_kinds, storage
from transforms.steps.read_plan import to_line
from transforms.strict_json import Json


class StoredPlan(NamedTuple):
    """The content of plan.jsonl, and its sha256."""

    splits: list[Split]
    sha256: str


def load_stored(folder: str) -> StoredPlan:
    """Read plan.jsonl.

    Raises:
        ValueError: it is missing or damaged, or the folder contains links.
    """
    storage.set_default_options()
    layout.refuse_links(folder)
    content = storage.read_bytes(FileSystems.join(folder, PLAN_FILE))
    if content is None:
        reason = path_kinds.describe_unless_folder(folder) or layout.NO_JOB
        raise ValueError(f"{folder} has no {PLAN_FILE}: {reason}")
    return StoredPlan(from_lines(content), hashlib.sha256(content).hexdigest())


def check_sha256(stored: str, of_run: str) -> None:
    """Check that the stored plan has the sha256 in run.json.

    Raises:
        ValueError: it has another.
    """
    if stored != of_run:
        raise ValueError(
            f"{PLAN_FILE} is damaged: its sha256 differs from the one in {RUN_FILE}; "
            f"{WRITTEN_AGAIN}"
        )


def load_plan(folder: str) -> list[Split]:
    """Read the splits in plan.jsonl; see `load_stored`."""
    return load_stored(folder).splits


def to_lines(splits: Iterable[Split]) -> str:
    """Serialize splits, one JSON line each."""
    return "".join(map(to_line, splits))


def fingerprint(splits: Iterable[Split]) -> str:
    """Return the sha256 of plan.jsonl, 64 hex digits."""
    digest = hashlib.sha256()
    for split in splits:
        digest.update(to_line(split).encode())
    return digest.hexdigest()


def from_lines(text: Json) -> list[Split]:
    """Read the result of `to_lines`; the splits of a file share one `Source`.

    Raises:
        ValueError: the text is not a plan.
    """
    sources: dict[Source, Source] = {}
    try:
        return [
            dataclasses.replace(split, source=sources.setdefault(split.source, split.source))
            for split in map(Split.from_json, text.splitlines())
        ]
    except ValueError as error:
        raise ValueError(f"{PLAN_FILE} is damaged: {error}; {WRITTEN_AGAIN}") from error


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
    """Whether a split stands for files that could not be listed."""
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
    new = {split.source.path: split.source for split in now}
    before = [s for s in before if s.source.path in new or not _is_unlisted(s)]
    old = {split.source.path: split.source for split in before}
    missing = {path: "is missing" for path in old if path not in new}
    added = {path: "is new" for path in new if path not in old}
    changed = {path: "has changed" for path in new if path in old and old[path] != new[path]}
    states = {**missing, **added, **changed}
    lines = [f"{escaping.one_line(path)} {state}" for path, state in states.items()]
    if not lines and list(old) != list(new):
        lines.append("its files are in another order")
    if not lines and list(before) != list(now):
        lines.append("its files are cut at other places")
    return lines
