"""The receipt of a part: what was written, and the proof that it was.

A receipt is written last, when the files that it names have their final names. It commits the
part: a part without a receipt is computed again.
"""

import dataclasses
import json
import typing
from collections.abc import Mapping

import msgspec

from transforms import metrics, strict_json
from transforms.features import NUM_UNKNOWN, NUM_WORDPIECES, TRUNCATED
from transforms.strict_json import Count, Json, Seconds

# The folder of receipts within an output folder.
RECEIPTS = "receipts"

# The counts that every receipt has.
_COUNTS = (metrics.DOCUMENTS, metrics.EMBEDDED, metrics.REJECTED)


class WrittenFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a part: path within the output folder, records, bytes, sha256."""

    path: str
    records: Count
    bytes: Count
    sha256: str


@dataclasses.dataclass(frozen=True)
class Receipt:
    """The result of one part.

    Attributes:
        source, start, end, last, key, name: as in the part's header.
        counts: documents, embedded, rejected; of the embedded ones the sums of `num_tokens`,
            `num_wordpieces`, `num_unknown` and `truncated`, and how many are pairs;
            computed_tokens, padded_tokens, batches. The JSON also has their `shares`.
        reasons: rejected documents by reason.
        seconds: time spent, by stage.
        files: every file of the part.
        worker: the process that computed it, `host:pid`.
        finished: UNIX time at which the receipt was made.
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

    def __post_init__(self) -> None:
        if missing := [name for name in _COUNTS if name not in self.counts]:
            raise ValueError(f"the counts of part {self.name} lack {missing[0]!r}")
        documents, embedded = self.counts["documents"], self.counts["embedded"]
        rejected = self.counts["rejected"]
        if documents != embedded + rejected or rejected != sum(self.reasons.values()):
            raise ValueError(
                f"the counts of part {self.name} do not add up: {documents} documents, "
                f"{embedded} embedded, {rejected} rejected ({dict(self.reasons)})"
            )

    def to_json(self) -> str:
        """Serialize; `from_json` reads the result."""
        value = vars(self) | {
            "files": [msgspec.structs.asdict(file) for file in self.files],
            "shares": shares(self.counts),
        }
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
        first = {name: fields["counts"][name] for name in _COUNTS if name in fields["counts"]}
        receipt = cls(**fields | {"counts": first | fields["counts"]})
        if stored_shares != shares(receipt.counts):
            raise ValueError(f"the shares of part {receipt.name} do not follow from its counts")
        return receipt


# The JSON of a receipt has the fields of `Receipt`, the shares, and no others.
_DECODER = msgspec.json.Decoder(
    msgspec.defstruct(
        "StoredReceipt",
        [
            *typing.get_type_hints(Receipt, include_extras=True).items(),
            ("shares", dict[str, float]),
        ],
        forbid_unknown_fields=True,
    )
)


def shares(counts: Mapping[str, float]) -> dict[str, float]:
    """Compute the shares that were lost to the model; a share of nothing is 0.

    Args:
        counts: those of a receipt, or sums of them.

    Returns:
        `rejected`, of all documents; `truncated`, of the embedded documents; `unknown`, of their
        wordpieces.
    """
    parts = {
        "rejected": ("rejected", "documents"),
        "truncated": (TRUNCATED, "embedded"),
        "unknown": (NUM_UNKNOWN, NUM_WORDPIECES),
    }
    return {
        name: counts.get(part, 0) / max(1, counts.get(whole, 0))
        for name, (part, whole) in parts.items()
    }
