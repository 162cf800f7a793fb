"""plan.jsonl: the splits of a job, one JSON line each."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.errors import WRITTEN_AGAIN
from pipeline.output import layout
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from transforms.documents import Split, decode_line
from transforms.io import file_systems, storage
from transforms.splits.collecting import SplitCollector, collect
from transforms.splits.split_columns import SplitColumns
from transforms.strict_json import Json


class StoredPlan(NamedTuple):
    """The content of plan.jsonl, and its sha256."""

    splits: SplitColumns
    sha256: str


def load_stored(
    folder: str, name: str = PLAN_FILE, expected: SplitColumns | StoredPlan | None = None
) -> StoredPlan:
    """Read plan.jsonl.

    Args:
        folder: the output folder.
        name: the path of the plan in it; that of an earlier generation is in manifests/.
        expected: a plan that is returned if the file has its hash; then the file is not decoded.

    Raises:
        ValueError: it is missing or damaged, or the folder contains links.
    """
    file_systems.set_default_options([folder])
    layout.refuse_links(folder)
    path = storage.join(folder, name)
    if not storage.exists(path):
        raise ValueError(layout.describe_missing(folder, name))
    if isinstance(expected, SplitColumns):
        expected = StoredPlan(expected, expected.sha256)
    if expected is not None and storage.hash_file(path) == expected.sha256:
        return expected
    digest = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for block in storage.read_blocks(path):
            digest.update(block)
            yield block

    splits = _decode(hashed())
    return StoredPlan(splits, digest.hexdigest())


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


def load_plan(folder: str) -> SplitColumns:
    """Read the splits in plan.jsonl; see `load_stored`."""
    return load_stored(folder).splits


def write_plan(folder: str, splits: Iterable[Split]) -> None:
    """Write plan.jsonl atomically, without a text of the whole plan.

    Raises:
        OSError: the folder cannot be written.
    """
    with storage.atomic_write(folder, PLAN_FILE) as file:
        for lines in collect(splits).lines():
            file.write("".join(lines).encode())


def to_lines(splits: Iterable[Split]) -> str:
    """Serialize splits, one JSON line each."""
    return "".join(line for lines in collect(splits).lines() for line in lines)


def fingerprint(splits: Iterable[Split]) -> str:
    """Return the sha256 of plan.jsonl, 64 hex digits; columns compute it once."""
    return collect(splits).sha256


def from_lines(text: Json) -> SplitColumns:
    """Read the result of `to_lines`.

    Raises:
        ValueError: the text is not a plan.
    """
    return _decode([text.encode() if isinstance(text, str) else text])


def _decode(blocks: Iterable[bytes]) -> SplitColumns:
    """Decode the lines of a plan from pieces of its file; raise as `from_lines`."""
    collector = SplitCollector()
    try:
        for lines in _lines(blocks):
            for line in lines:
                collector.add_line(decode_line(line))
    except ValueError as error:
        raise ValueError(f"{PLAN_FILE} is damaged: {error}; {WRITTEN_AGAIN}") from error
    return collector.finish()


def _lines(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines in pieces of a file, without their ends."""
    rest: list[bytes] = []
    for block in blocks:
        whole, end, last = block.rpartition(b"\n")
        if end:
            yield b"".join([*rest, whole, end]).splitlines()
            rest = []
        rest.append(last)
    yield b"".join(rest).splitlines()
