"""List local files by a path or a glob; a folder that cannot be listed is never left out."""

import os
import re
import stat
from collections.abc import Iterator, Sequence

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystem

from transforms.io import attempts, local_status

# The first characters of names that other programs give to their own files: .DS_Store, _SUCCESS.
_HIDDEN = (".", "_")
# Matches in every folder below.
_DEEP = "**"


def list_files(glob: str) -> list[FileMetadata]:
    """List an existing file, the files below an existing folder, or those that match a glob.

    The path of an existing file or folder is not read as a glob.

    Raises:
        OSError: a folder cannot be listed, so that it is not known which files it has.
    """
    status = attempts.read_again(lambda: local_status.status_of(glob))
    if status is None:
        return list(_match(glob))
    if stat.S_ISDIR(status.st_mode):
        return list(_files_below(glob))
    return [_metadata(glob, status)] if stat.S_ISREG(status.st_mode) else []


def _files_below(folder: str) -> Iterator[FileMetadata]:
    """List the files of a folder and of the folders in it, without hidden ones.

    A file costs one call of stat. Links to folders are not followed.
    """
    folders = [folder]
    while folders:
        shown = (one for one in _entries(folders.pop()) if not one.name.startswith(_HIDDEN))
        for entry in shown:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_file():
                yield _metadata(entry.path, entry.stat())


def _match(glob: str) -> Iterator[FileMetadata]:
    """List the files that match a glob of Beam's file systems.

    Only folders that may have such a file are listed: others may be forbidden.
    """
    glob += "*" if glob.endswith("/") else ""
    base = os.path.dirname(re.split(r"[[*?]", glob, maxsplit=1)[0])
    matches = re.compile(FileSystem.translate_pattern(glob)).match
    pending: list[tuple[str, Sequence[str]]] = []
    if local_status.is_folder(base or "."):
        pending.append((base, glob.removeprefix(base).lstrip("/").split("/")))
    while pending:
        folder, patterns = pending.pop()
        for entry in _entries(folder or "."):
            path = os.path.join(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                below = _patterns_below(entry.name, patterns)
                pending += [(path, below)] if below else []
            elif entry.is_file() and matches(path):
                yield _metadata(path, entry.stat())


def _patterns_below(name: str, patterns: Sequence[str]) -> Sequence[str]:
    """Return the patterns of what matches in a folder; none if nothing in it can match.

    Args:
        name: of the folder.
        patterns: one for its name, and one for each level below.

    >>> _patterns_below("b", ["[ab]", "*.txt"]), _patterns_below("b", ["*.txt"])
    (['*.txt'], [])
    >>> _patterns_below("by", ["b**", "c"]), _patterns_below("c", ["b**", "c"])
    (['**'], [])
    """
    before, deep, _ = patterns[0].partition(_DEEP)
    of_name = before + deep
    is_match = re.match(FileSystem.translate_pattern(of_name), name)
    below = [_DEEP] if deep else list(patterns[1:])
    return below if is_match else []


def _entries(folder: str) -> list[os.DirEntry[str]]:
    def scan() -> list[os.DirEntry[str]]:
        with os.scandir(folder) as entries:
            return list(entries)

    return attempts.read_again(scan)


def _metadata(path: str, status: os.stat_result) -> FileMetadata:
    return FileMetadata(path, status.st_size, status.st_mtime)
