"""The whole job as `beam-bert embed` does it, counted past its start-up."""

import dataclasses

from pipeline import job
from pipeline.options import EmbedConfig


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a job came to.

    Attributes:
        began: UNIX time at which its first part was begun.
        seconds: from there until its last part was done.
        documents, tokens, padded_tokens: of the embedded documents.
    """

    began: float
    seconds: float
    documents: int
    tokens: int
    padded_tokens: int


def measure(config: EmbedConfig) -> Measured:
    """Embed, and count from the first part's beginning to the last one's end."""
    progress = job.embed(config).progress
    # A part's clock starts when it is read: imports, analysis and loading come before.
    began = min(part.finished - sum(part.seconds.values()) for part in progress.parts)
    counts = progress.counts()
    return Measured(
        began=began,
        seconds=max(part.finished for part in progress.parts) - began,
        documents=counts["embedded"],
        tokens=counts["num_tokens"],
        padded_tokens=counts["padded_tokens"],
    )
