"""plan.jsonl: the splits of a job, one JSON line each."""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apache_beam.io.filesystems import FileSystems

from pipeline.errors import WRITTEN_AGAIN
from pipeline.output import layout
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from transforms import escaping
from transforms.documents import Source, Split
from transforms.io import storage
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
        raise ValueError(f"{folder} has no {PLAN_FILE}: it is not an output folder of embed")
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
    """Complete a plan: a file that it could not read is cut as in another plan of the same file."""
    if not any(split.unread for split in plan):
        return plan
    known = _by_file(other)
    files = _by_file(plan).items()
    return [split for file, splits in files for split in _read_by_either(splits, known.get(file))]


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
    """Describe how the input changed between two plans, one line per file."""
    old = {split.source.path: split.source for split in before}
    new = {split.source.path: split.source for split in now}
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
