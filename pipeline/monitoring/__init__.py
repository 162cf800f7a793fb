"""Metrics of a running job, for systems that watch many jobs: Prometheus and OpenTelemetry."""
