"""List the files of a remote file system by a path or a glob, by the rules of local ones."""

import bisect
from collections.abc import Collection, Iterator, Sequence

from pipeline.inputs import glob_patterns, job_folders
from pipeline.inputs.entries import HIDDEN, JOB, OWN, Entry, LeftOut, Matches
from pipeline.inputs.job_folders import OwnFolders
from pipeline.inputs.job_names import LOCK_FILE, NAMES, PLAN_FILE, RUN_FILE
from transforms.io import storage
from transforms.io.local_status import FileMetadata

# A folder that has none of them is not that of a job.
_NAMES_OF_JOBS = (RUN_FILE, PLAN_FILE, LOCK_FILE)


def list_files(glob: str, own: OwnFolders) -> Matches:
    """List an existing file, the files below a folder, or those that match a glob.

    Raises:
        OSError: they cannot be listed.
    """
    if glob_patterns.literal_of(glob) == glob:
        exact = [] if glob.endswith("/") else storage.match(glob)
        if exact:
            is_own = own.has(glob)
            left_out = [LeftOut(glob, OWN)] if is_own else []
            return Matches([] if is_own else [Entry.of(file) for file in exact], left_out)
        glob = f"{glob.rstrip('/')}/{glob_patterns.DEEP}"
    elif glob.endswith("/"):
        glob += "*"
    # A store lists all that begins alike; what does not match shows which folders are of jobs.
    listed = storage.match(f"{glob_patterns.literal_of(glob)}{glob_patterns.DEEP}")
    # Consoles of stores mark a folder by an empty object.
    files = [file for file in listed if file.size_in_bytes or not file.path.endswith("/")]
    return _select(glob, files, own)


def _select(glob: str, listed: Sequence[FileMetadata], own: OwnFolders) -> Matches:
    visible, every = glob_patterns.visible_matches(glob), glob_patterns.all_matches(glob)
    found = Matches([], [])
    folders = _JobFolders(glob, sorted(file.path for file in listed), own)
    for file in listed:
        if not every.match(file.path):
            continue
        reason = folders.reason_of(file.path)
        if reason is None and not visible.match(file.path):
            reason = LeftOut(file.path, HIDDEN)
        if reason is None:
            found.entries.append(Entry.of(file))
        else:
            found.left_out.append(reason)
    return found


class _JobFolders:
    """The folders of jobs among files."""

    def __init__(self, glob: str, paths: Sequence[str], own: OwnFolders) -> None:
        self._paths, self._own = paths, own
        self._base = glob_patterns.base_of(glob)
        candidates = {
            path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] in _NAMES_OF_JOBS
        }
        self._jobs = {
            folder
            for folder in candidates
            if len(folder) >= len(self._base) and self._holds_job(f"{folder}/")
        }
        self._base_is_job: bool | None = None

    def reason_of(self, path: str) -> LeftOut | None:
        """Return why a file is left out; None if it is not."""
        names = self._own.names_of(path)
        if names is not None and not self._is_in_own():
            return LeftOut(self._own.output, OWN)
        if names is not None and names[0] in NAMES:
            return LeftOut(path, OWN)
        job = next((folder for folder in _parents(path) if folder in self._jobs), None)
        if job is not None:
            return LeftOut(job, JOB)
        if path[len(self._base) :].split("/")[0] in NAMES and self._is_base_job():
            return LeftOut(self._base, JOB)
        return None

    def _is_in_own(self) -> bool:
        """Whether the glob spells out the output folder."""
        return self._own.names_of(self._base) is not None

    def _is_base_job(self) -> bool:
        """Whether the folder that the glob spells out is that of a job."""
        if self._base_is_job is None:
            names = set(self._names_in(self._base))
            if storage.exists(f"{self._base}{RUN_FILE}"):
                names.add(RUN_FILE)
            self._base_is_job = job_folders.holds_job(self._base, names)
        return self._base_is_job

    def _holds_job(self, folder: str) -> bool:
        return job_folders.holds_job(folder, self._names_in(folder))

    def _names_in(self, folder: str) -> Collection[str]:
        names = set()
        place = bisect.bisect_left(self._paths, folder)
        while place < len(self._paths) and self._paths[place].startswith(folder):
            name, slash, _ = self._paths[place][len(folder) :].partition("/")
            names.add(name)
            # Go past all that is below the name: "0" comes after "/".
            below_ends = bisect.bisect_left(self._paths, f"{folder}{name}0") if slash else 0
            place = max(place + 1, below_ends)
        return names


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
