"""`--log_format json`: every line on the standard error is an object, whoever writes it."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from apache_beam.portability.api import beam_fn_api_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import cli
from pipeline.console import json_lines, line_reader, log_records, printing, quiet
from transforms.io.redaction import REDACTED

# Writes in every way in which a process and its children can.
WRITES = """
import json, logging, os, subprocess, sys, time
from pipeline.console import interruption, json_lines, printing
interruption.catch()
json_lines.start()
printing.announce("importing hf_abcdefghijklmnopqrstuvwxyz")
rejected = {"id": "7", "source": "a.txt", "position": 3, "reason": "empty", "detail": "-"}
printing.show_rejected(json.dumps(rejected))
os.write(2, b"2026-11-30 02:24:49.123456: E core/x.cc:9] native\\n")
subprocess.run([sys.executable, "-c", "import sys; print('of a child', file=sys.stderr)"])
print('{"not": "ours"}', file=sys.stderr)
logging.getLogger("a.b").warning("by logging")
os.write(2, b"no end")
{end}
"""


def lines_of(text: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert list(line)[:3] == ["time", "level", "message"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["level"] in ("debug", "info", "warning", "error", "critical")
    return lines


def run(end: str) -> tuple[int, list[dict[str, Any]]]:
    program = WRITES.replace("{end}", end)
    done = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, check=False
    )
    return done.returncode, lines_of(done.stderr)


@pytest.mark.parametrize(
    ("end", "status", "last"),
    [
        ("", 0, "no end"),
        ("raise ValueError('sudden')", 1, "ValueError: sudden"),
        (
            "try:\n    os.kill(os.getpid(), 15); time.sleep(5)\n"
            "except KeyboardInterrupt:\n    interruption.end(1)",
            143,
            "The same command starts again",
        ),
        ("import faulthandler; faulthandler.enable(); os.abort()", -6, "Fatal Python error"),
    ],
)
def test_every_line_is_an_object(end: str, status: int, last: str) -> None:
    returncode, lines = run(end)
    assert returncode == status
    by_message = {line["message"]: line for line in lines}
    assert by_message[f"importing {REDACTED}"]["level"] == "info"
    rejected = by_message["a document was rejected"]
    assert (rejected["file"], rejected["position"], rejected["reason"]) == ("a.txt", 3, "empty")
    assert by_message["native"]["level"] == "error"
    assert by_message["native"]["logger"] == "core/x.cc:9"
    assert {"of a child", '{"not": "ours"}', "by logging"} <= {*by_message}
    assert any(last in message for message in by_message)


def test_an_error_has_its_status(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    missing = str(tmp_path / "nowhere")
    assert cli.main(["status", missing, "--json", "--log_format", "json"]) == 2
    captured = capfd.readouterr()
    (line,) = lines_of(captured.err)
    assert (captured.out, line["level"], line["status"]) == ("", "error", 2)
    assert f"{missing} has no run.json" in line["message"]


def test_wrong_usage_is_json_too(capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        cli.main(["status", "--log_format=json"])
    (line,) = lines_of(capfd.readouterr().err)
    assert "required: DIR" in line["message"]
    os.write(2, b"as before\n")
    assert capfd.readouterr().err == "as before\n"


@pytest.mark.parametrize(
    "words", [["frob"], ["status", "\udcff"], ["--log_format", "json", "status"]]
)
def test_what_is_wrong_before_a_command_begins_is_json_too(
    words: list[str], capfd: pytest.CaptureFixture
) -> None:
    assert cli.main([*words, "--log_format", "json"]) == 2
    (line,) = lines_of(capfd.readouterr().err)
    assert (line["level"], line["status"]) == ("error", 2)


def test_a_file_of_flags_sets_the_format(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text("log_format: json\nfrobnicate: 1\n")
    words = ["--config", str(path), "--input", "x", "--output", str(tmp_path / "out")]
    assert cli.main(["embed", *words]) == 2
    (line,) = lines_of(capfd.readouterr().err)
    assert line["message"].startswith("unknown flag --frobnicate")


@pytest.mark.slow
@settings(max_examples=50)
@given(st.text(), st.text())
def test_a_line_keeps_any_message(message: str, reason: str) -> None:
    line = json_lines.to_line("info", message, reason=reason)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    (value,) = lines_of(line)
    assert value["message"] == json_lines.redaction.redact(message)


@pytest.mark.parametrize(
    ("line", "level", "logger", "message"),
    [
        ("I0000 00:00:1764.5 12 a/b.cc:7] ready", "info", "a/b.cc:7", "ready"),
        ("W1130 02:24:49.123456 99 c.cc:1] slow", "warning", "c.cc:1", "slow"),
        ("2026-11-30 02:24:49.1: I tensorflow/x.cc:2] fast", "info", "tensorflow/x.cc:2", "fast"),
        ("ERROR:apache_beam.x:no\t", "error", "apache_beam.x", "no\t"),
        ("[ WARNING ] old model", "warning", None, "old model"),
        ("Traceback (most recent call last):", "error", None, None),
        ("OSError: full", "error", None, None),
        ("Killed", "warning", None, None),
        ('{"time": 1}', "warning", None, None),
    ],
)
def test_foreign_lines_keep_their_level(
    line: str, level: str, logger: str | None, message: str | None
) -> None:
    (value,) = lines_of(line_reader.convert(line))
    assert (value["level"], value.get("logger")) == (level, logger)
    assert value["message"] == (line if message is None else message)


def test_records_have_what_they_are_about(capfd: pytest.CaptureFixture) -> None:
    json_lines.start()
    try:
        log = logging.Logger("transforms.x")
        log.addHandler(log_records.JsonHandler())
        log.warning("failed: %s", "s3://u:hush@h/a", extra={"part": "a-0", "reason": "empty"})
        try:
            raise OSError("full")
        except OSError:
            log.exception("broken")
    finally:
        json_lines.stop()
    failed, broken = lines_of(capfd.readouterr().err)
    assert (failed["message"], failed["part"]) == (f"failed: s3://{REDACTED}@h/a", "a-0")
    assert (failed["logger"], failed["reason"]) == ("transforms.x", "empty")
    assert "OSError: full" in broken["trace"]


@pytest.mark.parametrize(("prefix", "separator"), [("", "\n"), ("Worker: ", " ")])
def test_records_of_workers_are_taken_apart(prefix: str, separator: str) -> None:
    entry = beam_fn_api_pb2.LogEntry(
        severity=beam_fn_api_pb2.LogEntry.Severity.WARN,
        message="two\nlines",
        log_location="encode.py:9",
    )
    text = prefix + str(entry).replace("\n", separator)
    record = logging.LogRecord("root", logging.WARNING, "", 0, text, None, None)
    fields = log_records.fields_of(record)
    assert (fields["level"], fields["message"]) == ("warning", "two\nlines")
    assert fields["logger"] == "encode.py:9"


def test_beam_logs_by_the_handler_where_the_level_asks_for_it(
    capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    json_lines.start()
    try:
        with quiet.quiet_beam("info"):
            logging.getLogger("apache_beam.runners").info("a bundle")
        printing.say_error("beam-bert: no report")
    finally:
        json_lines.stop()
        logging.getLogger("apache_beam").setLevel(logging.NOTSET)
        logging.getLogger("PrismRunner").setLevel(logging.NOTSET)
    *_, bundle, report = lines_of(capfd.readouterr().err)
    assert (bundle["level"], bundle["logger"]) == ("info", "apache_beam.runners")
    assert (report["level"], report["message"]) == ("warning", "no report")
