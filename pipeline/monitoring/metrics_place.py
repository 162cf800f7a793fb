"""The places of `--metrics_file` and `--timeline`, checked before the job; importing is cheap."""

import dataclasses
import os
import stat

from pipeline.errors import UsageError
from transforms import escaping
from transforms.io import path_kinds

# Of the name of each metric.
PREFIX = "beam_bert"
_BEGIN = f"# HELP {PREFIX}_".encode()


@dataclasses.dataclass(frozen=True)
class FileKind:
    """A kind of file that jobs write beside their output.

    Attributes:
        flag: names the file.
        noun: what it is.
        example: a name.
        begin: its first bytes.
    """

    flag: str
    noun: str
    example: str
    begin: bytes


_METRICS = FileKind("--metrics_file", "a file of metrics", "job.prom", _BEGIN)


def check(path: str, folder: str) -> None:
    """Check that the file can be replaced: nothing but metrics of a job is ever lost.

    Args:
        path: of the file.
        folder: the output folder, which has no files of others.

    Raises:
        UsageError: the file cannot be there.
    """
    check_kind(path, folder, _METRICS)


def check_kind(path: str, folder: str, kind: FileKind) -> None:
    """Check that a file of a kind can be replaced: nothing but such a file is ever lost.

    Raises:
        UsageError: the file cannot be there.
    """
    place = f"{kind.flag} {escaping.one_line(path)}"
    if not path or "://" in path:
        raise UsageError(f"{place}: name a file on this machine")
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(parent):
        raise UsageError(f"{place}: there is no folder {escaping.one_line(parent)}; make it first")
    if "://" not in folder and path_kinds.is_within(path, folder):
        raise UsageError(f"{place}: is in the output folder; name a file in another folder")
    try:
        is_other = _is_other(path, kind.begin)
    except OSError as error:
        raise UsageError(f"{place}: cannot be read: {error.strerror}; name a new file") from error
    if is_other:
        raise UsageError(f"{place}: is not {kind.noun}; name a new one, such as {kind.example}")


def _is_other(path: str, expected: bytes) -> bool:
    """Return whether there is something that was not written for an earlier call of a job."""
    if not os.path.exists(path):
        return False
    if not stat.S_ISREG(os.stat(path).st_mode):
        return True
    with open(path, "rb") as file:
        begin = file.read(len(expected))
    return begin not in (b"", expected)
