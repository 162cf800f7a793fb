"""OpenTelemetry: the same numbers, sent only where an endpoint is given."""

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import status
from pipeline.monitoring import observing, telemetry
from pipeline.monitoring.job_metrics import DONE, METRICS, JobSample, values_of
from tests.missing_extras import skipping
from tests.pipeline import corpus

with skipping():
    from opentelemetry.exporter.otlp.proto.http import metric_exporter  # noqa: F401
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ENDPOINT, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def received() -> Iterator[tuple[str, list[ExportMetricsServiceRequest]]]:
    """A receiver of OTLP over HTTP: its address, and the requests that it gets."""
    requests: list[ExportMetricsServiceRequest] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/metrics"
            requests.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


def test_the_numbers_are_those_of_the_metrics(finished: Path) -> None:
    sample = JobSample(
        str(finished), DONE, 1.0, 2.0, {"version": "1"}, status.measure(str(finished))
    )
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    telemetry.observe(provider, lambda: sample)
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        metric.name: {
            tuple(sorted((point.attributes or {}).items())): point.value
            for point in metric.data.data_points
        }
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    expected = {
        f"beam_bert.{metric.name}": {
            tuple(sorted(labels.items())): value for labels, value in values_of(metric, sample)
        }
        for metric in METRICS
    }
    assert found == {name: values for name, values in expected.items() if values}
    provider.shutdown()


def test_a_job_is_measured_once_for_all_metrics() -> None:
    calls = []

    def latest() -> JobSample:
        calls.append(len(calls))
        return JobSample("out", DONE, 1.0, float(len(calls)), {"version": "1"})

    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    telemetry.observe(provider, latest)
    for number in (1, 2):
        data = reader.get_metrics_data()
        metrics = {one.name: one for one in data.resource_metrics[0].scope_metrics[0].metrics}
        (point,) = metrics["beam_bert.last_update_time_seconds"].data.data_points
        assert (len(calls), point.value) == (number, float(number))
    provider.shutdown()


def test_a_receiver_gets_the_last_values(
    received: tuple[str, list[ExportMetricsServiceRequest]],
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, requests = received
    monkeypatch.setenv(ENDPOINT, address)
    with observing.observed(corpus.config([], finished, finished), None):
        assert requests == []
    (resource,) = requests[-1].resource_metrics
    assert ("service.name", "beam-bert") in [
        (one.key, one.value.string_value) for one in resource.resource.attributes
    ]
    metrics = {one.name: one for one in resource.scope_metrics[0].metrics}
    (point,) = metrics["beam_bert.documents"].gauge.data_points
    assert point.as_int == 244
    states = metrics["beam_bert.job_state"].gauge.data_points
    assert {
        point.as_int: [one.value.string_value for one in point.attributes if one.key == "state"]
        for point in states
        if point.as_int
    } == {1: [DONE]}


def test_nothing_is_sent_without_an_endpoint(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise AssertionError("a provider was made")

    monkeypatch.setattr(telemetry, "_provider", fail)
    with observing.observed(corpus.config([], finished, finished), None):
        pass
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with telemetry.exported(fail):  # type: ignore[arg-type]
        pass


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes requests and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("is_silent", [False, True])
def test_an_endpoint_that_does_not_answer_costs_a_line_and_no_job(
    is_silent: bool,
    silent: str,
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(telemetry, "_SEND_SECONDS", 0.5)
    monkeypatch.setattr(telemetry, "_END_MILLISECONDS", 2000)
    monkeypatch.setenv(ENDPOINT, silent if is_silent else "http://127.0.0.1:9")
    with observing.observed(corpus.config([], finished, finished), None):
        pass
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("OpenTelemetry: ")
    assert line.endswith("; the job goes on")


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "set http/protobuf"), ("", "", "beam-bert[otel]")],
)
def test_what_cannot_be_sent_is_announced(
    name: str,
    value: str,
    remedy: str,
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    if name:
        monkeypatch.setenv(name, value)
    else:
        package = "opentelemetry.exporter.otlp.proto.http.metric_exporter"
        monkeypatch.setitem(__import__("sys").modules, package, None)
    with observing.observed(corpus.config([], finished, finished), None):
        pass
    assert remedy in capfd.readouterr().err
