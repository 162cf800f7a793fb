"""`--metrics_file`: a job's metrics in Prometheus' text format, for a collector of text files.

The file is replaced by renaming, so that a reader never sees half of it.
"""

import contextlib
import os
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


def write(path: str, sample: JobSample) -> None:
    """Write a sample to a file, in one step.

    Raises:
        OSError: the file cannot be written; the earlier one remains.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(to_text(sample))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
