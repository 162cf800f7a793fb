"""The file of the changes of a generation: a line of JSON for each record."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from pipeline.generations.history import RecordChanges
from pipeline.generations.kept_files import changes_of
from transforms import strict_json
from transforms.io import storage
from transforms.strict_json import Count

Kind = Literal["added", "changed", "removed"]
_LINES_AT_ONCE = 10_000


class Change(msgspec.Struct, frozen=True):
    """What has happened to a record.

    Attributes:
        change: `added`, `changed` or `removed`.
        id: of the record.
        part: the name of the part that has it; of a removed record, in the generation before.
        row: its number in the part, from 0.
    """

    change: Kind
    id: str
    part: str
    row: Count


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Change)


def write_changes(folder: str, generation: int, changes: Iterable[Change]) -> RecordChanges:
    """Write the file of a generation; return the numbers of its lines and its hash.

    Raises:
        OSError: it cannot be written.
    """
    counts = {"added": 0, "changed": 0, "removed": 0}
    with storage.atomic_write(folder, changes_of(generation)) as file:
        lines: list[bytes] = []
        for change in changes:
            counts[change.change] += 1
            lines.append(_ENCODER.encode(change) + b"\n")
            if len(lines) == _LINES_AT_ONCE:
                file.write(b"".join(lines))
                lines = []
        file.write(b"".join(lines))
    return RecordChanges(**counts, sha256=file.sha256)


def read_changes(folder: str, generation: int) -> Iterator[Change]:
    """Iterate over the changes of a generation, in the order of the file.

    Raises:
        ValueError: a line is damaged.
        OSError: the file cannot be read.
    """
    path = storage.within(folder, changes_of(generation))
    with contextlib.closing(storage.open_for_reading(path)) as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield strict_json.decode(line, _DECODER)
            except ValueError as error:
                raise ValueError(f"{path} is damaged: line {number}: {error}") from error
