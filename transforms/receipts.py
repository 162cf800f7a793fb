"""The receipt of a part: what was written, and the proof that it was.

A receipt is written last, after the files it names stand under their final names. It is the
commit: a part without one is done again.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from transforms import checked_json, metrics
from transforms.features import NUM_UNKNOWN, NUM_WORDPIECES, TRUNCATED

# The folder of receipts within an output folder.
RECEIPTS = "receipts"

# Counts that no receipt lacks.
_COUNTS = (metrics.DOCUMENTS, metrics.EMBEDDED, metrics.REJECTED)


@dataclasses.dataclass(frozen=True)
class WrittenFile:
    """One file of a part: path within the output folder, records, bytes, sha256."""

    path: str
    records: int
    bytes: int
    sha256: str

    @classmethod
    def from_json(cls, value: Any) -> "WrittenFile":
        """Take it out of JSON; ValueError where that is of another shape."""
        path, sha256 = (checked_json.text(value, name) for name in ("path", "sha256"))
        records, size = (checked_json.whole(value, name) for name in ("records", "bytes"))
        return cls(path=path, records=records, bytes=size, sha256=sha256)


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What one part came to.

    Attributes:
        source, start, end, last, key, name: as in the part's header.
        counts: documents, embedded, rejected; of the embedded ones the sums of `num_tokens`,
            `num_wordpieces`, `num_unknown` and `truncated`, and how many are pairs;
            computed_tokens, padded_tokens, batches. In JSON their `shares` stand beside them.
        reasons: rejected documents by reason.
        seconds: time spent by stage.
        files: every file the part left.
        worker: the process that computed it, `host:pid`.
        finished: UNIX time at which the receipt was made.
    """

    source: str
    start: int
    end: int
    last: bool
    key: str
    name: str
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    seconds: Mapping[str, float]
    files: tuple[WrittenFile, ...]
    worker: str
    finished: float

    def __post_init__(self) -> None:
        documents, embedded = self.counts["documents"], self.counts["embedded"]
        rejected = self.counts["rejected"]
        if documents != embedded + rejected or rejected != sum(self.reasons.values()):
            raise ValueError(
                f"the account of part {self.name} does not close: {documents} documents, "
                f"{embedded} embedded, {rejected} rejected ({dict(self.reasons)})"
            )

    def to_json(self) -> str:
        """Serialize; `from_json` reads it back."""
        value = dataclasses.asdict(self) | {"shares": shares(self.counts)}
        return json.dumps(value, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Receipt":
        """Read what `to_json` wrote.

        Raises:
            ValueError: the text was cut short, is of another shape, or its account is open.
        """
        value = checked_json.loads(text)
        try:
            parts = _taken_apart(value)
        except ValueError as error:
            raise ValueError(f"not a receipt: {error}") from error
        return cls(**parts)


def _taken_apart(value: Any) -> dict[str, Any]:
    """Take the fields of a receipt out of its JSON; ValueError where one is not of its kind."""
    counts, reasons = (checked_json.fields(value, name) for name in ("counts", "reasons"))
    seconds = checked_json.fields(value, "seconds")
    checked_json.fields(value, "shares")
    parts = {
        **{name: checked_json.text(value, name) for name in ("source", "key", "name", "worker")},
        **{name: checked_json.whole(value, name) for name in ("start", "end")},
        "last": checked_json.flag(value, "last"),
        "counts": {name: checked_json.whole(counts, name) for name in (*_COUNTS, *counts)},
        "reasons": {name: checked_json.whole(reasons, name) for name in reasons},
        "seconds": {name: checked_json.seconds(seconds, name) for name in seconds},
        "files": tuple(WrittenFile.from_json(file) for file in checked_json.items(value, "files")),
        "finished": checked_json.seconds(value, "finished"),
    }
    if unknown := value.keys() - parts.keys() - {"shares"}:
        raise ValueError(f"{min(unknown)!r} is no field of one")
    return parts


def shares(counts: Mapping[str, float]) -> dict[str, float]:
    """Say what part of a whole was lost to the model; 0 of nothing.

    Args:
        counts: as a receipt has them, or sums of them.

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
