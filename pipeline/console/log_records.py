"""Records of Python's logging as JSON lines, those of Beam's worker processes among them."""

import logging
from typing import Any

from pipeline.console import json_lines

# What a record may have beside its message, given as `extra`.
_FIELDS = ("part", "file", "reason")


class JsonHandler(logging.Handler):
    """Reports each record, with the fields `logger`, `trace`, and those of its `extra`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Report a record; one that cannot be formatted is reported by logging itself."""
        try:
            json_lines.report(**fields_of(record))
        except Exception:
            self.handleError(record)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of the line of a record."""
    message = record.getMessage()
    entry = message.removeprefix("Worker: ")
    if entry.startswith("severity: "):
        of_worker = _of_worker(entry)
        if of_worker is not None:
            return of_worker
    trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else None
    return {
        "level": record.levelname.lower(),
        "message": message,
        "logger": record.name,
        "trace": trace,
        **{name: getattr(record, name, None) for name in _FIELDS},
    }


def _of_worker(message: str) -> dict[str, Any] | None:
    """Return the fields of a record of a worker process, which Beam logs as a protobuf's text."""
    from apache_beam.portability.api import beam_fn_api_pb2
    from google.protobuf import text_format

    try:
        entry = text_format.Parse(message, beam_fn_api_pb2.LogEntry())
    except text_format.ParseError:
        return None
    severity = beam_fn_api_pb2.LogEntry.Severity.Enum.Name(entry.severity).lower()
    return {
        "level": {"warn": "warning", "notice": "info", "trace": "debug"}.get(severity, severity),
        "message": entry.message,
        "logger": entry.log_location or None,
        "trace": entry.trace or None,
    }
