"""Report the counts of a part to the runner's metrics."""

from collections.abc import Mapping

from apache_beam.metrics import Metrics

from transforms import metrics


def report_counts(counts: Mapping[str, int]) -> None:
    """Add counts, and the padding computed from them, to the counters of `metrics.NAMESPACE`."""
    for name, count in counts.items():
        Metrics.counter(metrics.NAMESPACE, name).inc(count)
    Metrics.counter(metrics.NAMESPACE, metrics.PADDING_POSITIONS).inc(padding_positions(counts))


def padding_positions(counts: Mapping[str, int]) -> int:
    """Compute how many positions were padding.

    >>> padding_positions({"computed_tokens": 30, "padded_tokens": 32})
    2
    """
    # A document on which the model failed counts as computed, but its batch does not.
    difference = counts.get(metrics.PADDED_TOKENS, 0) - counts.get(metrics.COMPUTED_TOKENS, 0)
    return max(0, difference)
