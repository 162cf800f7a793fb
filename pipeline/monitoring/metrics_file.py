"""`--metrics_file`: a job's metrics in Prometheus' text format, for a collector of text files."""

from collections.abc import Iterator

from prometheus_client import Metric as Family
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from pipeline.monitoring.job_metrics import METRICS, JobSample, Metric, values_of
from pipeline.monitoring.metrics_place import PREFIX


class _SampleCollector(Collector):
    """Provides the values of one sample."""

    def __init__(self, sample: JobSample) -> None:
        self._sample = sample

    def collect(self) -> Iterator[Family]:
        """Yield each metric that has values."""
        for metric in METRICS:
            family = Family(name_of(metric), metric.help, "gauge")
            for labels, value in values_of(metric, self._sample):
                family.add_sample(name_of(metric), dict(labels), value)
            if family.samples:
                yield family


def name_of(metric: Metric) -> str:
    """Return the name of a metric in the file."""
    return f"{PREFIX}_{metric.name}"


def to_text(sample: JobSample) -> str:
    """Return a sample in Prometheus' text format."""
    content: bytes = generate_latest(_SampleCollector(sample))
    return content.decode()
