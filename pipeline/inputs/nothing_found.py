"""Say what is there instead, where no file matches an input."""

import os
import stat

from pipeline.inputs import glob_patterns
from pipeline.inputs.entries import CACHE, FOLDER, HIDDEN, JOB, OWN, Matches, name_some
from transforms.io import local_status, path_kinds

_REMEDIES = {
    OWN: "what is there is the output of this job ({}): leave it out, and quote globs",
    CACHE: "what is there is the cache of models ({}): name the files in it",
    JOB: "what is there is the output of a job ({}): to read its records, spell their folder out, "
    "as in 'out/pooled/*'",
    HIDDEN: "what is there has a hidden name ({}): name the file, or spell its . or _ out",
}


def explain(glob: str, found: Matches) -> str:
    """Say what is there instead of files, and name a remedy.

    Args:
        glob: a path or a glob.
        found: what matches, none of which is a file.

    Raises:
        OSError: the file system does not say so.
    """
    for why, remedy in _REMEDIES.items():
        if paths := found.paths_left_out(why):
            return remedy.format(name_some(paths))
    if "://" in glob:
        return "check the path"
    if not glob:
        return "it is empty: name a file, a folder or a glob"
    status = local_status.status_of(glob)
    if status is not None:
        return _explain_path(glob, status, found.paths_left_out(FOLDER))
    return _explain_glob(glob, found.paths_left_out(FOLDER))


def _explain_path(path: str, status: os.stat_result, folders: list[str]) -> str:
    if folders:
        return f"it has folders ({name_some(folders)}), and none has a file"
    if stat.S_ISDIR(status.st_mode):
        return "it is an empty folder"
    kind = path_kinds.describe(path)
    if stat.S_ISFIFO(status.st_mode):
        return f"{kind}, which can be read only once: give --input - < {path}"
    return f"{kind}, not a file"


def _explain_glob(glob: str, folders: list[str]) -> str:
    if glob_patterns.literal_of(glob) == glob:
        return path_kinds.describe(glob)
    if folders:
        return f"it matches only folders ({name_some(folders)}): add /** to read what is below"
    base = glob_patterns.base_of(glob)
    if base and not local_status.is_folder(base):
        return path_kinds.describe(base)
    names = sorted(name for name in os.listdir(base or ".") if not name.startswith("."))
    if not names:
        return f"{base or 'the working directory'} is empty"
    return f"{base or 'the working directory'} has {name_some(names)}"
