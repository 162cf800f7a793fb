"""Metrics of a job by OpenTelemetry, where its package is installed and an endpoint is given.

The variables are those of every program with OpenTelemetry, and nothing is sent without them.
Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import transforms
from pipeline.console import printing
from pipeline.monitoring.job_metrics import METRICS, JobSample, Metric, values_of

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.sdk.metrics import MeterProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"
_NAME = "beam-bert"
_UNITS = {"seconds": "s", "bytes": "By"}
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
# What an unreachable endpoint may add to a job. Sending ends earlier, so that it is announced.
_END_MILLISECONDS = 5000
_SEND_SECONDS = 4.0
# OpenTelemetry's threads may go on after that.
_SILENT = logging.NullHandler()


def is_wanted(variables: Mapping[str, str]) -> bool:
    """Return whether environment variables give an endpoint for metrics.

    >>> is_wanted({}), is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})
    (False, True)
    >>> is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_METRICS_EXPORTER": "console"})
    False
    """
    if variables.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporters = (variables.get("OTEL_METRICS_EXPORTER") or "otlp").split(",")
    return "otlp" in map(str.strip, exporters) and any(map(variables.get, _ENDPOINTS))


@contextlib.contextmanager
def exported(latest: Callable[[], JobSample]) -> Iterator[None]:
    """Send metrics at intervals while the block runs, and once at its end, if that is wanted.

    Errors in sending do not fail the job: the first one is announced.

    Args:
        latest: returns the state of the job.
    """
    if not is_wanted(os.environ):
        yield
        return
    try:
        provider = _provider()
    except (ImportError, ValueError) as error:
        printing.announce(f"OpenTelemetry: {error}: no metrics are sent")
        yield
        return
    with _first_error_announced():
        observe(provider, latest)
        try:
            yield
        finally:
            with contextlib.suppress(Exception):
                provider.shutdown(timeout_millis=_END_MILLISECONDS)


def observe(provider: "MeterProvider", latest: Callable[[], JobSample]) -> None:
    """Make an instrument for each metric, named such as `beam_bert.documents`."""
    meter, shared = provider.get_meter(_NAME, transforms.__version__), _SharedSample(latest)
    for metric in METRICS:
        meter.create_observable_gauge(
            f"beam_bert.{metric.name}",
            [_callback(metric, shared)],
            unit=_UNITS.get(metric.unit, "1"),
            description=metric.help,
        )


class _SharedSample:
    """Measures a job once for all metrics: together they are one state of it."""

    def __init__(self, latest: Callable[[], JobSample]) -> None:
        self._latest = latest
        self._sample: JobSample | None = None
        self._seen: set[str] = set()

    def of(self, name: str) -> JobSample:
        """Return the sample; a metric that asks again gets a new one."""
        if self._sample is None or name in self._seen:
            self._sample = self._latest()
            self._seen.clear()
        self._seen.add(name)
        return self._sample


def _callback(
    metric: Metric, shared: _SharedSample
) -> "Callable[[CallbackOptions], Iterable[Observation]]":
    from opentelemetry.metrics import Observation

    def observations(_: Any) -> "Iterable[Observation]":
        return [
            Observation(value, labels)
            for labels, value in values_of(metric, shared.of(metric.name))
        ]

    return observations


def _provider() -> "MeterProvider":
    """Return the provider that the environment variables configure.

    Raises:
        ImportError: a package is not installed; the message has the remedy.
        ValueError: the protocol is another one than HTTP.
    """
    _check_protocol()
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource

        is_limited = any(os.environ.get(name) for name in _TIMEOUTS)
        exporter = OTLPMetricExporter(timeout=None if is_limited else _SEND_SECONDS)
    except ImportError as error:
        raise ImportError(
            f'{error}; pip install "beam-bert[otel]", or set OTEL_SDK_DISABLED=true'
        ) from error
    # The variable has precedence, and attributes given here would replace it.
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": _NAME}
    reader = PeriodicExportingMetricReader(exporter)
    return MeterProvider([reader], resource=Resource.create(named))


def _check_protocol() -> None:
    for name in _PROTOCOLS:
        if value := os.environ.get(name):
            if value != _HTTP:
                raise ValueError(f"{name} is {value}; set {_HTTP}, and its endpoint")
            return


class _FirstError(logging.Handler):
    """Announces the first error that OpenTelemetry logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._is_announced = False

    def emit(self, record: logging.LogRecord) -> None:
        """Announce a record, unless there was one before."""
        if not self._is_announced:
            self._is_announced = True
            printing.announce(f"OpenTelemetry: {record.getMessage()}; the job goes on")


@contextlib.contextmanager
def _first_error_announced() -> Iterator[None]:
    log, handler = logging.getLogger("opentelemetry"), _FirstError()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.addHandler(_SILENT)
        log.removeHandler(handler)
