"""Recognize the folders of this program, whose files are never corpus."""

import contextlib
import dataclasses
import os
import re
from collections.abc import Collection, Mapping

from pipeline.inputs.bigquery_names import FOLDER as BIGQUERY
from pipeline.inputs.entries import CACHE, OWN, Why
from pipeline.inputs.job_names import LOCK_FILE, NAMES, PLAN_FILE, RUN_FILE
from transforms import strict_json
from transforms.caching import model_cache, start_cache
from transforms.documents import Split
from transforms.io import local_status, storage
from transforms.io.storage import TEMPORARY
from transforms.receipts import RECEIPTS

# Two of these are in a folder of a job only.
_OF_JOBS = {RUN_FILE, PLAN_FILE, RECEIPTS}
# What a job has before it has two of them.
_AT_FIRST = {TEMPORARY, PLAN_FILE, LOCK_FILE, BIGQUERY}
# The name of an unfinished file, see `storage.atomic_write`.
_UNFINISHED = re.compile("[0-9a-f]{32}")
_READ_BYTES = 1 << 20


def holds_job(folder: str, names: Collection[str]) -> bool:
    """Whether a folder is the output folder of a job, also of one that is just beginning.

    Args:
        folder: its path, with or without a slash at its end.
        names: of the files and folders in it; of an object store, as far as they are listed. A file
            is read only where they do not decide.
    """
    if len(_OF_JOBS.intersection(names)) > 1:
        return True
    if RUN_FILE in names:
        return _has_configuration(storage.join(folder, RUN_FILE))
    if not names or not _AT_FIRST.issuperset(names):
        return False
    if LOCK_FILE in names:
        return True
    if PLAN_FILE in names:
        return _begins_with_split(storage.join(folder, PLAN_FILE))
    return TEMPORARY in names and _has_unfinished(os.path.join(folder, TEMPORARY))


def _has_configuration(path: str) -> bool:
    """Whether a run.json is that of this program; others use the name too."""
    try:
        content = strict_json.decode_any(_beginning(path))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and {"format_version", "configuration"} <= content.keys()


def _begins_with_split(path: str) -> bool:
    try:
        Split.from_json(_beginning(path).partition(b"\n")[0])
    except (OSError, ValueError):
        return False
    return True


def _beginning(path: str) -> bytes:
    with contextlib.closing(storage.open_for_reading(path)) as stream:
        return stream.read(_READ_BYTES)


def _has_unfinished(folder: str) -> bool:
    try:
        names = [] if "://" in folder else os.listdir(folder)
    except OSError:
        return False
    return bool(names) and all(map(_UNFINISHED.fullmatch, names))


@dataclasses.dataclass(frozen=True)
class OwnFolders:
    """The folders of this call, which are never corpus: its output and the caches.

    Attributes:
        output: the output folder; empty if there is none.
    """

    output: str = ""

    def identities(self) -> Mapping[tuple[int, int], Why]:
        """Return device and inode of those of this machine that exist."""
        folders = {str(model_cache.cache_folder()): CACHE}
        if (kept := start_cache.place()) is not None:
            folders[kept] = CACHE
        if self.output and "://" not in self.output:
            folders[self.output] = OWN
        found = {}
        for folder, why in folders.items():
            # One that cannot be found cannot be read either.
            with contextlib.suppress(OSError):
                if (status := local_status.status_of(folder)) is not None:
                    found[(status.st_dev, status.st_ino)] = why
        return found

    def has(self, path: str) -> bool:
        """Whether a path is that of a file which a job writes into this output folder, or below.

        Other paths in the folder are none: an object store may have a corpus there.
        """
        names = self.names_of(path)
        return names is not None and names[0] in NAMES

    def names_of(self, path: str) -> list[str] | None:
        """Return the names that lead from the output folder to a path; None if it is elsewhere.

        Returns:
            one empty name for the folder itself.
        """
        if not self.output or ("://" in path) != ("://" in self.output):
            return None
        folder, inside = _resolve(self.output), _resolve(path)
        if inside != folder and not inside.startswith(f"{folder}/"):
            return None
        return inside[len(folder) + 1 :].split("/")


def _resolve(path: str) -> str:
    return path.rstrip("/") if "://" in path else os.path.realpath(path)
