"""List local files by a path or a glob; nothing that may be a file is left out without a word."""

import stat

from pipeline.inputs import glob_patterns, local_walk
from pipeline.inputs.entries import HIDDEN, OWN, LeftOut, Matches, Why
from pipeline.inputs.job_folders import OwnFolders
from pipeline.inputs.local_walk import NO_MATCH, Folder, Judge, Walk
from transforms.io import attempts, local_status


def list_files(glob: str, own: OwnFolders) -> Matches:
    """List an existing file, the files below an existing folder, or those that match a glob.

    The path of an existing file or folder is not read as a glob. What takes the place of files
    and cannot be read, such as a broken link or a forbidden folder, is an entry with `unread`.

    Raises:
        OSError: the folder that the path or the glob begins with cannot be listed.
    """
    status = attempts.read_again(lambda: local_status.status_of(glob))
    if status is None:
        return _match(glob, own)
    if own.has(glob):
        return Matches([], [LeftOut(glob, OWN)])
    if stat.S_ISDIR(status.st_mode):
        return Walk(Folder(glob, [glob_patterns.DEEP]), own, _by_name).run()
    is_file = stat.S_ISREG(status.st_mode)
    return Matches([local_walk.entry_of(glob, status)] if is_file else [], [])


def _by_name(_: str, name: str) -> Why | None:
    return HIDDEN if name.startswith(glob_patterns.HIDDEN) else None


def _match(glob: str, own: OwnFolders) -> Matches:
    """List the files that match a glob.

    Only folders that may have such a file are listed: others may be forbidden.
    """
    base = glob_patterns.base_of(glob)
    is_path = glob_patterns.literal_of(glob) == glob
    if is_path or not local_status.is_folder(base or "."):
        return Matches([], [])
    if own.has(base or "."):
        return Matches([], [LeftOut(glob, OWN)])
    glob += "*" if glob.endswith("/") else ""
    patterns = glob.removeprefix(base).split("/")
    return Walk(Folder(base, patterns), own, _by_glob(glob)).run()


def _by_glob(glob: str) -> Judge:
    visible, every = glob_patterns.visible_matches(glob), glob_patterns.all_matches(glob)

    def judge(path: str, _: str) -> Why | None:
        if visible.match(path):
            return None
        return HIDDEN if every.match(path) else NO_MATCH

    return judge
