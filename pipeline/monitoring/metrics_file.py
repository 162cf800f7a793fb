"""`--metrics_file`: a job's metrics in Prometheus' text format, for a collector of text files.

The file is replaced by renaming, so that a reader never sees half of it.
"""

import contextlib
import os
import stat
from collections.abc import Iterator

from prometheus_client import Metric as Family
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from pipeline.errors import UsageError
from pipeline.monitoring.job_metrics import COUNTER, METRICS, JobSample, Metric, values_of
from transforms import escaping

PREFIX = "beam_bert"


class _SampleCollector(Collector):
    """Provides the values of one sample."""

    def __init__(self, sample: JobSample) -> None:
        self._sample = sample

    def collect(self) -> Iterator[Family]:
        """Yield each metric that has values."""
        for metric in METRICS:
            family = Family(f"{PREFIX}_{metric.name}", metric.help, metric.kind)
            for labels, value in values_of(metric, self._sample):
                family.add_sample(name_of(metric), dict(labels), value)
            if family.samples:
                yield family


def name_of(metric: Metric) -> str:
    """Return the name of a metric in the file."""
    return f"{PREFIX}_{metric.name}" + ("_total" if metric.kind == COUNTER else "")


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


def check(path: str, folder: str) -> None:
    """Check the place of the file.

    Args:
        path: of the file.
        folder: the output folder, which has no files of others.

    Raises:
        UsageError: the file cannot be there.
    """
    place = f"--metrics_file {escaping.one_line(path)}"
    if not path or "://" in path:
        raise UsageError(f"{place}: name a file on this machine")
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(parent):
        raise UsageError(f"{place}: there is no folder {escaping.one_line(parent)}; make it first")
    if "://" not in folder and _is_within(path, folder):
        raise UsageError(f"{place}: is in the output folder; name a file in another folder")
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UsageError(f"{place}: is not a file; name a new one, such as job.prom")


def _is_within(path: str, folder: str) -> bool:
    places = [os.path.realpath(place) for place in (path, folder)]
    return os.path.commonpath(places) == places[1]
