"""Make a JSON object of each line that others write to the standard error; see `json_lines`.

    python -m pipeline.console.line_reader

reads lines until every process that writes them has ended.
"""

import re
import signal
import sys
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.console.json_lines import to_line

_NAMES = ("debug", "info", "warning", "error", "critical")
_LEVELS = dict(zip("DIWEF", _NAMES, strict=True)) | {name.upper(): name for name in _NAMES}
# `I0000 00:00:1764.1 file.cc:9] text`, of absl; `2026-11-30 02:24:49.123: W file.cc:9] text`, of
# TensorFlow; `WARNING:logger:text` and `[ ERROR ] text`, of Python's logging and OpenVINO.
_ABSL = re.compile(r"([IWEF])\d{4} [\d:.]+\s+(?:\d+ )?([^\s\]]+)\] (.*)")
_TENSORFLOW = re.compile(r"\d{4}-\d\d-\d\d [\d:.]+: ([IWEF]) ([^\s\]]+)\] (.*)")
_NAMED = re.compile(r"\[? ?(DEBUG|INFO|WARNING|ERROR|CRITICAL) ?(?:\]|:([\w.]+):) ?(.*)")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|[\w.]+(Error|Exception)\b")
_MOST_BYTES = 1 << 16


def convert(line: str) -> str:
    """Return the JSON of a line, with its level, and where it comes from, if it says so.

    A line that does not is a warning: programs write to their standard error what matters.
    """
    for pattern in (_ABSL, _TENSORFLOW, _NAMED):
        if match := pattern.match(line):
            level, origin, message = match.groups()
            return to_line(_LEVELS[level], message, logger=origin)
    return to_line("error" if _TRACEBACK.match(line) else "warning", line)


def read_lines(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines that are not empty, in pieces if they are very long."""
    while content := stream.readline(_MOST_BYTES):
        if line := content.decode(errors="backslashreplace").rstrip():
            yield line


def main() -> None:
    """Convert the standard input, line by line."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for line in read_lines(sys.stdin.buffer):
        sys.stdout.write(convert(line))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
