"""What a part holds and took, to the runner's metrics."""

from collections.abc import Mapping

from apache_beam.metrics import Metrics

from transforms import metrics


def report_counts(counts: Mapping[str, int]) -> None:
    """Add counts, and the padding they come to, to the counters under `metrics.NAMESPACE`."""
    for name, count in counts.items():
        Metrics.counter(metrics.NAMESPACE, name).inc(count)
    Metrics.counter(metrics.NAMESPACE, metrics.PADDING_POSITIONS).inc(padding_of(counts))


def padding_of(counts: Mapping[str, int]) -> int:
    """Tell how many positions were computed for nothing.

    >>> padding_of({"computed_tokens": 30, "padded_tokens": 32})
    2
    """
    # What the model failed on is counted as computed, but its batch is not.
    difference = counts.get(metrics.PADDED_TOKENS, 0) - counts.get(metrics.COMPUTED_TOKENS, 0)
    return max(0, difference)
