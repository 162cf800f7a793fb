"""The receipt of a part: what was written, and the proof that it was.

A receipt is written last, when the files that it names have their final names. It commits the
part: a part without a receipt is computed again.
"""

import bisect
import collections
import dataclasses
import itertools
import json
import typing
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from transforms import metrics, strict_json
from transforms.features import ACCOUNT, NUM_UNKNOWN, NUM_WORDPIECES, TRUNCATED
from transforms.strict_json import Count, Json, Seconds

_Number = TypeVar("_Number", int, float)

# The folder of receipts within an output folder.
RECEIPTS = "receipts"

# The counts that every receipt has.
_COUNTS = (metrics.DOCUMENTS, metrics.EMBEDDED, metrics.REJECTED)
# The order in which the manifest has them; `rows` only where a document may have several.
_FIRST = (metrics.DOCUMENTS, metrics.ROWS, metrics.EMBEDDED, metrics.REJECTED)
# What only some receipts have.
_OPTIONAL = ("members", "machine", "documents_sha256")


class WrittenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a part: path within the output folder, records, bytes, sha256."""

    path: str
    records: Count
    bytes: Count
    sha256: str


# The counts of each file of a part of several files.
MEMBER_COUNTS = (*_COUNTS, *ACCOUNT, metrics.PAIRS)


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """One file of a part of several files; its JSON is an array.

    Attributes:
        path: the file.
        counts: the values of `MEMBER_COUNTS`, of its documents in the part.
        reasons: its rejected documents by reason.
        rows: its rows, if these are windows of documents; else None, and not in the JSON.
    """

    path: str
    counts: tuple[Count, ...]
    reasons: dict[str, Count]
    rows: Count | None = None

    @property
    def named_counts(self) -> dict[str, int]:
        """The counts by name."""
        rows = {} if self.rows is None else {metrics.ROWS: self.rows}
        return dict(zip(MEMBER_COUNTS, self.counts, strict=True)) | rows

    @property
    def as_json(self) -> list[object]:
        """The array in the JSON."""
        rows = [] if self.rows is None else [self.rows]
        return [self.path, self.counts, self.reasons, *rows]


@dataclasses.dataclass(frozen=True)
class Receipt:
    """The result of one part.

    Attributes:
        source, start, end, last, key, name: as in the part's header.
        counts: documents, embedded, rejected, and, if these two are windows of documents, `rows`,
            which are both together; of the embedded ones the sums of `num_tokens`,
            `num_wordpieces`, `num_unknown` and `truncated`, and how many are pairs;
            computed_tokens, padded_tokens, batches. The JSON also has their `shares`.
        reasons: rejected documents by reason.
        seconds: time spent, by stage.
        files: every file of the part.
        worker: the process that computed it, `host:pid`.
        finished: UNIX time at which the receipt was made.
        members: the files of a part of several files, in order; else empty.
        machine: the hardware of the worker; empty in receipts of earlier releases.
        documents_sha256: hash of the documents as they were read; empty in receipts of earlier
            releases.
    """

    source: str
    start: Count
    end: Count
    last: bool
    key: str
    name: str
    counts: Mapping[str, Count]
    reasons: Mapping[str, Count]
    seconds: Mapping[str, Seconds]
    files: tuple[WrittenFile, ...]
    worker: str
    finished: Seconds
    members: tuple[Member, ...] = ()
    machine: str = ""
    documents_sha256: str = ""

    def __post_init__(self) -> None:
        if missing := [name for name in _COUNTS if name not in self.counts]:
            raise ValueError(f"the counts of part {self.name} lack {missing[0]!r}")
        rejected = self.counts["rejected"]
        if not adds_up(self.counts) or rejected != sum(self.reasons.values()):
            rows = f"{self.counts[metrics.ROWS]} rows, " if metrics.ROWS in self.counts else ""
            raise ValueError(
                f"the counts of part {self.name} do not add up: {self.counts['documents']} "
                f"documents, {rows}{self.counts['embedded']} embedded, {rejected} rejected "
                f"({dict(self.reasons)})"
            )
        if self.members:
            self._check_members()

    def _check_members(self) -> None:
        """Raise ValueError if the counts of the files are not those of the part."""
        if any(len(member.counts) != len(MEMBER_COUNTS) for member in self.members):
            raise ValueError(f"a file of part {self.name} lacks counts")
        sums = map(sum, zip(*(member.counts for member in self.members), strict=True))
        reasons: collections.Counter[str] = collections.Counter()
        for member in self.members:
            reasons.update(member.reasons)
        of_files = dict(zip(MEMBER_COUNTS, sums, strict=True))
        of_part = {name: self.counts.get(name, 0) for name in MEMBER_COUNTS}
        of_rows = [member.rows for member in self.members]
        has_rows = {rows is not None for rows in of_rows} == {metrics.ROWS in self.counts}
        rows = sum(filter(None, of_rows))
        if (
            of_files != of_part
            or reasons != self.reasons
            or not has_rows
            or rows != self.counts.get(metrics.ROWS, rows)
        ):
            raise ValueError(f"the counts of part {self.name} are not the sums of its files")

    def by_file(self) -> dict[str, Mapping[str, int]]:
        """Return the counts of each file of the part."""
        if not self.members:
            return {self.source: self.counts}
        return {member.path: member.named_counts for member in self.members}

    def reasons_by_file(self) -> dict[str, Mapping[str, int]]:
        """Return the rejected documents of each file of the part, by reason."""
        if not self.members:
            return {self.source: self.reasons}
        return {member.path: member.reasons for member in self.members}

    def places_of_rows(self, rows: Sequence[int]) -> tuple[list[str], list[int]]:
        """Return the file of each of some embedded documents, and its number in the file.

        Args:
            rows: the numbers of the documents in the part.
        """
        if not self.members:
            return [self.source] * len(rows), list(rows)
        embedded = MEMBER_COUNTS.index(metrics.EMBEDDED)
        counts = [member.counts[embedded] for member in self.members]
        begins = [0, *itertools.accumulate(counts)]
        files = [bisect.bisect_right(begins, row) - 1 for row in rows]
        return (
            [self.members[file].path for file in files],
            [row - begins[file] for file, row in zip(files, rows, strict=True)],
        )

    def files_with(self, reason: str) -> list[str]:
        """Return the files of the part that have a rejected document with a reason."""
        return [path for path, reasons in self.reasons_by_file().items() if reason in reasons]

    def to_json(self) -> str:
        """Serialize; `from_json` reads the result."""
        value = vars(self) | {
            "files": [msgspec.structs.asdict(file) for file in self.files],
            "shares": shares(self.counts),
            "members": [member.as_json for member in self.members],
        }
        for name in _OPTIONAL:
            if not value[name]:
                del value[name]
        return json.dumps(value, sort_keys=True)

    @classmethod
    def from_json(cls, text: Json) -> "Receipt":
        """Read the result of `to_json`.

        Raises:
            ValueError: the text is truncated, has another shape, or its counts do not add up or
                give other shares.
        """
        try:
            stored = strict_json.decode(text, _DECODER)
        except ValueError as error:
            raise ValueError(f"not a receipt: {error}") from error
        fields = msgspec.structs.asdict(stored)
        stored_shares = fields.pop("shares")
        # The manifest has the counts in this order, whatever the order in the file.
        first = {name: fields["counts"][name] for name in _FIRST if name in fields["counts"]}
        receipt = cls(**fields | {"counts": first | fields["counts"]})
        if stored_shares != shares(receipt.counts):
            raise ValueError(f"the shares of part {receipt.name} do not follow from its counts")
        return receipt


# The JSON of a receipt has the fields of `Receipt`, the shares, and no others.
_DECODER = msgspec.json.Decoder(
    msgspec.defstruct(
        "StoredReceipt",
        [
            *(
                (name, type_)
                for name, type_ in typing.get_type_hints(Receipt, include_extras=True).items()
                if name not in _OPTIONAL
            ),
            ("shares", dict[str, float]),
            ("members", tuple[Member, ...], ()),
            ("machine", str, ""),
            ("documents_sha256", str, ""),
        ],
        forbid_unknown_fields=True,
    )
)


def count_rows(counts: Mapping[str, _Number]) -> _Number:
    """Return the number of rows, embedded and rejected: of documents, or of their windows.

    Args:
        counts: those of a receipt, or sums of them.
    """
    return counts.get(metrics.ROWS, counts[metrics.DOCUMENTS])


def unit_of(counts: Mapping[str, float]) -> str:
    """Return what was embedded or rejected: documents, or rows if these are windows of them."""
    return metrics.ROWS if metrics.ROWS in counts else metrics.DOCUMENTS


def adds_up(counts: Mapping[str, int]) -> bool:
    """Return whether all rows were embedded or rejected, and each document has one or more."""
    rows = count_rows(counts)
    return rows == counts[metrics.EMBEDDED] + counts[metrics.REJECTED] and (
        0 < counts[metrics.DOCUMENTS] <= rows or counts[metrics.DOCUMENTS] == rows
    )


def shares(counts: Mapping[str, float]) -> dict[str, float]:
    """Compute the shares that were lost to the model; a share of nothing is 0.

    Args:
        counts: those of a receipt, or sums of them.

    Returns:
        `rejected`, of all documents, or of their rows if these are windows; `truncated`, of the
        embedded ones; `unknown`, of their wordpieces.
    """
    parts = {
        "rejected": ("rejected", unit_of(counts)),
        "truncated": (TRUNCATED, "embedded"),
        "unknown": (NUM_UNKNOWN, NUM_WORDPIECES),
    }
    return {
        name: counts.get(part, 0) / max(1, counts.get(whole, 0))
        for name, (part, whole) in parts.items()
    }
