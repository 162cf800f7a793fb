"""What a listing finds: files of the corpus, what takes their place, and what is left out."""

from collections.abc import Iterable
from typing import NamedTuple

from transforms import escaping
from transforms.io import storage
from transforms.io.local_status import FileMetadata

_SHOWN = 3


class Entry(NamedTuple):
    """A file of the corpus, or what takes the place of files and cannot be read.

    Attributes:
        path: as the glob reached it; that of a folder ends with a slash.
        size: in bytes.
        version: see `storage.version_of`; empty if nothing is known of a file there.
        identity: device and inode of a local file, which all its names share; None if unknown.
        unread: why nothing is known of a file there: a folder that is forbidden, a broken link.
            Empty for a file.
    """

    path: str
    size: int = 0
    version: str = ""
    identity: tuple[int, int] | None = None
    unread: str = ""

    @classmethod
    def of(cls, file: FileMetadata, identity: tuple[int, int] | None = None) -> "Entry":
        """Return the entry of a file."""
        return cls(file.path, file.size_in_bytes, storage.version_of(file), identity)


class Why(NamedTuple):
    """Why something is left out, as what it is.

    Attributes:
        one, several: the words of a message.
        usual: whether a message names it only if nothing else is there.
    """

    one: str
    several: str
    usual: bool = False


JOB = Why("the output of a job", "outputs of jobs")
OWN = Why("the output of this job", "files of this job")
CACHE = Why("the cache of models", "caches of models")
READ_FOLDER = Why("another way to a folder that is read", "other ways to folders that are read")
READ_FILE = Why("another name of a file that is read", "other names of files that are read")
HIDDEN = Why("a hidden name", "hidden names", usual=True)
# A folder whose own name matches a glob of files.
FOLDER = Why("a folder", "folders", usual=True)


class LeftOut(NamedTuple):
    """Something that matches but is not part of the corpus."""

    path: str
    why: Why


class Matches(NamedTuple):
    """What matches a glob.

    Attributes:
        entries: of the corpus.
        left_out: what matches but is not part of it.
    """

    entries: list[Entry]
    left_out: list[LeftOut]

    def paths_left_out(self, why: Why) -> list[str]:
        """Return what is left out for a reason, sorted."""
        return sorted({one.path for one in self.left_out if one.why == why})


def describe_left_out(left_out: Iterable[LeftOut]) -> list[str]:
    """Return a line for each reason, with the number of what is left out and the first few.

    >>> describe_left_out([LeftOut("out", JOB), LeftOut(".git", HIDDEN)])
    ['the output of a job (out)']
    """
    by_why: dict[Why, list[str]] = {}
    for one in left_out:
        if not one.why.usual:
            by_why.setdefault(one.why, []).append(one.path)
    return [_describe(why, sorted(set(paths))) for why, paths in by_why.items()]


def _describe(why: Why, paths: list[str]) -> str:
    what = why.one if len(paths) == 1 else f"{len(paths):,} {why.several}"
    return f"{what} ({name_some(paths)})"


def name_some(paths: list[str]) -> str:
    """Name the first few of several paths, and the number of the others."""
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return escaping.one_line(", ".join(paths[:_SHOWN]) + more)
