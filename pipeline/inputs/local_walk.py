"""Walk through folders of this machine: each is read once, links to folders included."""

import dataclasses
import functools
import heapq
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pipeline.inputs import glob_patterns, job_folders
from pipeline.inputs.entries import FOLDER, JOB, OWN, READ_FOLDER, Entry, LeftOut, Matches, Why
from pipeline.inputs.job_folders import OwnFolders
from pipeline.inputs.job_names import NAMES
from transforms.io import attempts, local_status, path_kinds
from transforms.io.local_status import FileMetadata
from transforms.io.watching import describe

# Decides on a path and its last name: None for a part of the corpus, else why it is none.
Judge = Callable[[str, str], Why | None]
# Of what no message ever names.
NO_MATCH = Why("", "", usual=True)


class Folder(NamedTuple):
    """A folder to visit.

    Attributes:
        path: empty for the working directory.
        patterns: one for the names in it, and one for each level below.
    """

    path: str
    patterns: Sequence[str]


def entry_of(path: str, status: os.stat_result) -> Entry:
    """Return the entry of a file, or of what is neither a file nor a folder."""
    if not stat.S_ISREG(status.st_mode):
        return Entry(path, unread=f"it is {path_kinds.kind_of(status)}, not a file")
    identity = (status.st_dev, status.st_ino) if status.st_ino else None
    return Entry.of(FileMetadata(path, status.st_size, status.st_mtime), identity)


@dataclasses.dataclass
class Walk:
    """A walk from a folder through all below it that the patterns reach.

    Links to folders are followed after all other folders have been read. So a folder is read by its
    own path if it is reached by that, and else by the first link in the order of their paths.

    Attributes:
        top: where it begins.
        own: folders of this call.
        judge: decides on paths.
        found: what was found so far.
    """

    top: Folder
    own: OwnFolders
    judge: Judge
    found: Matches = dataclasses.field(default_factory=lambda: Matches([], []))
    _folders: list[Folder] = dataclasses.field(default_factory=list)
    _links: list[Folder] = dataclasses.field(default_factory=list)
    _visited: set[object] = dataclasses.field(default_factory=set)

    def run(self) -> Matches:
        """Walk, and return what was found.

        A folder below the top that cannot be listed is an entry with `unread`.

        Raises:
            OSError: the top cannot be listed.
        """
        entries = _entries(self.top)
        own = self.own.identities()
        self._is_new(self.top, os.stat(self.top.path or "."))
        self._visit(self.top, self._without_job(entries))
        while self._folders or self._links:
            folder = self._folders.pop() if self._folders else heapq.heappop(self._links)
            try:
                self._enter(folder, own)
            except OSError as error:
                self._add_unread(f"{folder.path}/", error)
        return self.found

    def _without_job(self, entries: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
        """Leave out what a job has written to the top, by its names."""
        path = self.top.path
        is_own = self.own.names_of(path or ".") == [""]
        if not is_own and not job_folders.holds_job(path, {entry.name for entry in entries}):
            return entries
        others = [entry for entry in entries if entry.name not in NAMES]
        if len(others) < len(entries):
            self.found.left_out.append(LeftOut(path or ".", OWN if is_own else JOB))
        return others

    def _enter(self, folder: Folder, own: Mapping[tuple[int, int], Why]) -> None:
        status = attempts.read_again(lambda: os.stat(folder.path))
        why = own.get((status.st_dev, status.st_ino))
        if why is None and not self._is_new(folder, status):
            why = READ_FOLDER
        entries = _entries(folder) if why is None else []
        if job_folders.holds_job(folder.path, {entry.name for entry in entries}):
            why = JOB
        if why is not None:
            self.found.left_out.append(LeftOut(folder.path, why))
            return
        self._visit(folder, entries)

    def _is_new(self, folder: Folder, status: os.stat_result) -> bool:
        """Whether a folder was not read before for the same patterns; note that it is now."""
        if not status.st_ino:
            return True
        visit = (status.st_dev, status.st_ino, tuple(folder.patterns))
        if visit in self._visited:
            return False
        self._visited.add(visit)
        return True

    def _visit(self, folder: Folder, entries: list[os.DirEntry[str]]) -> None:
        for entry in entries:
            path = os.path.join(folder.path, entry.name)
            try:
                if entry.is_dir(follow_symlinks=False):
                    self._add_folder(
                        Folder(path, folder.patterns), entry.name, self._folders.append
                    )
                elif entry.is_symlink():
                    self._add_link(path, entry.name, folder.patterns)
                elif self._is_wanted(path, entry.name):
                    self.found.entries.append(entry_of(path, attempts.read_again(entry.stat)))
            except FileNotFoundError:
                # It was deleted since it was listed.
                continue
            except OSError as error:
                if self.judge(path, entry.name) is None:
                    self._add_unread(path, error)

    def _add_folder(self, at: Folder, name: str, add: Callable[[Folder], None]) -> None:
        """Add a folder to those that are to be visited; its patterns are those of its level."""
        below = glob_patterns.patterns_below(name, at.patterns)
        if below:
            add(Folder(at.path, below))
        why = self.judge(at.path, name)
        if why != NO_MATCH:
            self.found.left_out.append(LeftOut(at.path, why or FOLDER))

    def _add_link(self, path: str, name: str, patterns: Sequence[str]) -> None:
        status = attempts.read_again(lambda: local_status.status_of(path))
        if status is not None and stat.S_ISDIR(status.st_mode):
            add = functools.partial(heapq.heappush, self._links)
            self._add_folder(Folder(path, patterns), name, add)
        elif status is not None and self._is_wanted(path, name):
            self.found.entries.append(entry_of(path, status))
        elif status is None and (
            # It may have led to a folder.
            self._is_wanted(path, name) or glob_patterns.patterns_below(name, patterns)
        ):
            reason = f"it is {path_kinds.describe_broken_link(path)}"
            self.found.entries.append(Entry(path, unread=reason))

    def _is_wanted(self, path: str, name: str) -> bool:
        why = self.judge(path, name)
        if why is not None and why != NO_MATCH:
            self.found.left_out.append(LeftOut(path, why))
        return why is None

    def _add_unread(self, path: str, error: OSError) -> None:
        self.found.entries.append(Entry(path, unread=error.strerror or describe(error)))


def _entries(folder: Folder) -> list[os.DirEntry[str]]:
    def scan() -> list[os.DirEntry[str]]:
        with os.scandir(folder.path or ".") as entries:
            return list(entries)

    return attempts.read_again(scan)
