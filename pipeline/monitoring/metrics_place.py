"""The place of `--metrics_file`, checked before the job; importing this is cheap."""

import os
import stat

from pipeline.errors import UsageError
from transforms import escaping
from transforms.io import path_kinds

# Of the name of each metric.
PREFIX = "beam_bert"
_BEGIN = f"# HELP {PREFIX}_".encode()


def check(path: str, folder: str) -> None:
    """Check that the file can be replaced: nothing but metrics of a job is ever lost.

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
    if "://" not in folder and path_kinds.is_within(path, folder):
        raise UsageError(f"{place}: is in the output folder; name a file in another folder")
    try:
        is_other = _is_other(path)
    except OSError as error:
        raise UsageError(f"{place}: cannot be read: {error.strerror}; name a new file") from error
    if is_other:
        raise UsageError(f"{place}: is not a file of metrics; name a new one, such as job.prom")


def _is_other(path: str) -> bool:
    """Return whether there is something that was not written for an earlier call of a job."""
    if not os.path.exists(path):
        return False
    if not stat.S_ISREG(os.stat(path).st_mode):
        return True
    with open(path, "rb") as file:
        begin = file.read(len(_BEGIN))
    return begin not in (b"", _BEGIN)
