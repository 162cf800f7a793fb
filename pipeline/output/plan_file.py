"""plan.jsonl: the splits of a job, one JSON line each."""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence

from apache_beam.io.filesystems import FileSystems

from pipeline.output import layout
from pipeline.output.layout import PLAN_FILE
from transforms import escaping
from transforms.documents import Source, Split
from transforms.io import storage
from transforms.steps.read_plan import to_line


def load_plan(folder: str) -> list[Split]:
    """Read plan.jsonl.

    Raises:
        ValueError: it is missing or damaged, or the folder contains links.
    """
    storage.set_default_options()
    layout.refuse_links(folder)
    text = storage.read_text(FileSystems.join(folder, PLAN_FILE))
    if text is None:
        raise ValueError(f"{folder} has no {PLAN_FILE}: it is not an output folder of embed")
    return from_lines(text)


def to_lines(splits: Iterable[Split]) -> str:
    """Serialize splits, one JSON line each."""
    return "".join(map(to_line, splits))


def fingerprint(splits: Iterable[Split]) -> str:
    """Return the sha256 of plan.jsonl, 64 hex digits."""
    digest = hashlib.sha256()
    for split in splits:
        digest.update(to_line(split).encode())
    return digest.hexdigest()


def from_lines(text: str) -> list[Split]:
    """Read the result of `to_lines`; the splits of a file share one `Source`.

    Raises:
        ValueError: the text is not a plan.
    """
    sources: dict[Source, Source] = {}
    try:
        splits = map(Split.from_json, text.splitlines())
        return [
            dataclasses.replace(split, source=sources.setdefault(split.source, split.source))
            for split in splits
        ]
    except ValueError as error:
        raise ValueError(f"{PLAN_FILE} is damaged: {error}") from error


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
