"""The names of counters and measures, and a stopwatch."""

import contextlib
import time
from collections.abc import Iterator, Mapping

NAMESPACE = "beam_bert"

# Counters of a part. With the sums of `features.ACCOUNT`, they are in its receipt, and under
# NAMESPACE in the runner's metrics.
DOCUMENTS = "documents"
# Only where rows are windows of documents; then these are embedded or rejected.
ROWS = "rows"
EMBEDDED = "embedded"
REJECTED = "rejected"
PAIRS = "pairs"
COMPUTED_TOKENS = "computed_tokens"
PADDED_TOKENS = "padded_tokens"
BATCHES = "batches"
HALVED_BATCHES = "halved_batches"
REPEATED = "repeated"
REPEATED_ELSEWHERE = "repeated_elsewhere"
# Only where documents have vectors of earlier parts.
REUSED = "reused"

# Only in the runner's metrics: the number of batch shapes that XLA compiled, in all processes.
COMPILED_SHAPES = "compiled_shapes"
# Only in the runner's metrics: computed positions that were padding, and a distribution of the
# model's time for a batch.
PADDING_POSITIONS = "padding_positions"
BATCH_MICROSECONDS = "batch_microseconds"

READ_SECONDS = "read_seconds"
TOKENIZE_SECONDS = "tokenize_seconds"
WAIT_SECONDS = "wait_seconds"
ENCODE_SECONDS = "encode_seconds"
WRITE_SECONDS = "write_seconds"


class Stopwatch:
    """Measures the seconds spent in named sections, even if they raise.

    >>> watch = Stopwatch()
    >>> with watch.section("read_seconds"):
    ...     pass
    >>> list(watch.seconds)
    ['read_seconds']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Add the time spent inside the block to `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - start)

    def add(self, name: str, seconds: float) -> None:
        """Add time that was measured elsewhere to `name`."""
        self.seconds[name] = round(self.seconds.get(name, 0.0) + seconds, 6)


def report_counts(counts: Mapping[str, int]) -> None:
    """Add counts, and the padding computed from them, to the runner's counters of `NAMESPACE`."""
    # Receipts are read without Beam.
    from apache_beam.metrics import Metrics

    for name, count in counts.items():
        Metrics.counter(NAMESPACE, name).inc(count)
    Metrics.counter(NAMESPACE, PADDING_POSITIONS).inc(padding_positions(counts))


def padding_positions(counts: Mapping[str, int]) -> int:
    """Compute how many positions were padding.

    >>> padding_positions({"computed_tokens": 30, "padded_tokens": 32})
    2
    """
    # A document on which the model failed counts as computed, but its batch does not.
    difference = counts.get(PADDED_TOKENS, 0) - counts.get(COMPUTED_TOKENS, 0)
    return max(0, difference)
