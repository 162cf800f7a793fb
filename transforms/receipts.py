"""The receipt of a part: what was written, and the proof that it was.

A receipt is written last, after the files it names stand under their final names. It is the
commit: a part without one is done again.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class WrittenFile:
    """One file of a part: path within the output folder, records, bytes, sha256."""

    path: str
    records: int
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What one part came to.

    Attributes:
        source, start, end, last, key, name: as in the part's header.
        counts: documents, embedded, rejected, truncated, wordpieces, unknown, tokens,
            padded_tokens, batches.
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
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Receipt":
        """Read what `to_json` wrote.

        Raises:
            ValueError: the text was cut short, is of another shape, or its account is open.
        """
        try:
            value: dict[str, Any] = json.loads(text)
            value["files"] = tuple(WrittenFile(**file) for file in value["files"])
            return cls(**value)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a receipt: {error}") from error
