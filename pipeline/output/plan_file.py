"""plan.jsonl: the splits of a job, one JSON line each."""

import dataclasses
import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.errors import WRITTEN_AGAIN
from pipeline.output import layout
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from transforms.documents import Source, Split
from transforms.io import file_systems, storage
from transforms.strict_json import Json


class StoredPlan(NamedTuple):
    """The content of plan.jsonl, and its sha256."""

    splits: list[Split]
    sha256: str


def load_stored(folder: str, name: str = PLAN_FILE) -> StoredPlan:
    """Read plan.jsonl.

    Args:
        folder: the output folder.
        name: the path of the plan in it; that of an earlier generation is in manifests/.

    Raises:
        ValueError: it is missing or damaged, or the folder contains links.
    """
    file_systems.set_default_options([folder])
    layout.refuse_links(folder)
    content = storage.read_bytes(storage.join(folder, name))
    if content is None:
        raise ValueError(layout.describe_missing(folder, name))
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
    return "".join(map(Split.to_line, splits))


def fingerprint(splits: Iterable[Split]) -> str:
    """Return the sha256 of plan.jsonl, 64 hex digits."""
    digest = hashlib.sha256()
    for split in splits:
        digest.update(split.to_line().encode())
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
