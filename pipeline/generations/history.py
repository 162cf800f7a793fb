"""The history of a generation: its number, its parent, and the files that came and went."""

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.manifest import MANIFEST_FILE
from pipeline.releases.format_check import check_format
from transforms import strict_json
from transforms.io import storage
from transforms.strict_json import Count

FIRST = 1
# The first line of the manifest that does not belong to its head.
_AFTER_HEAD = b' "run_fingerprint"'


class RecordChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The changes between a generation and its parent.

    Attributes:
        added, changed, removed: numbers of records.
        sha256: of the file that lists them.
    """

    added: Count
    changed: Count
    removed: Count
    sha256: str


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a manifest says of its generation; the first generation has none.

    Attributes:
        generation: its number; the first is 1.
        plan: the sha256 of its plan.
        parent: the number of the generation before it; None if that is not known.
        unchanged: the number of files that the parent has too, unchanged.
        added, changed, gone: paths of the other files, in corpus order.
        changes: of the records; None if the records of the parent are not known.
    """

    generation: Count
    plan: str
    parent: Count | None = None
    unchanged: Count = 0
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changes: RecordChanges | None = None

    @property
    def entry(self) -> dict[str, Any] | None:
        """The entry in the manifest; None for the first generation, which has none."""
        if self.generation == FIRST:
            return None
        entry: dict[str, Any] = msgspec.to_builtins(self)
        if self.changes is None:
            del entry["changes"]
        return entry


class Historic(msgspec.Struct):
    """The fields of a manifest that say which generation it is of."""

    format_version: int
    history: History | None = None

    @property
    def generation(self) -> int:
        """The number of the generation."""
        return FIRST if self.history is None else self.history.generation


_DECODER = msgspec.json.Decoder(Historic)


def read_head(path: str) -> Historic | None:
    """Read the beginning of a manifest, which may be large; return None if there is none.

    Raises:
        ValueError: it is damaged, or of another format version.
        OSError: it cannot be read.
    """
    if not storage.exists(path):
        return None
    head = strict_json.decode(_head_of(path), _DECODER)
    check_format(path, head.format_version)
    return head


def has_history(folder: str, entry: Mapping[str, Any] | None) -> bool:
    """Whether the manifest of a folder has an entry on its generation; None for the first one.

    Raises:
        OSError: it cannot be read.
    """
    try:
        head = read_head(storage.join(folder, MANIFEST_FILE))
    except ValueError:
        return False
    stored = head.history.entry if head is not None and head.history else None
    return head is not None and stored == entry


def _head_of(path: str) -> bytes:
    """Return the JSON of the fields at the beginning of a manifest."""
    head: list[bytes] = []
    with contextlib.closing(storage.open_for_reading(path)) as lines:
        for line in lines:
            if line.startswith(_AFTER_HEAD):
                return b"".join(head).rstrip().removesuffix(b",") + b"}"
            head.append(line)
    return b"".join(head)


def current_generation(folder: str) -> int | None:
    """Return the number of the generation that the manifest of a folder is of.

    Raises:
        ValueError: the manifest is damaged.
        OSError: it cannot be read.
    """
    head = read_head(storage.join(folder, MANIFEST_FILE))
    return None if head is None else head.generation
