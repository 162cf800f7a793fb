"""Say what is at a path of this machine, for messages about a path that cannot be used."""

import difflib
import errno
import os
import stat

from transforms import escaping
from transforms.io import local_status

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFREG: "a file",
    stat.S_IFSOCK: "a socket",
}
# Names of a folder that are compared with a mistyped one.
_MOST_COMPARED = 10_000


def kind_of(status: os.stat_result) -> str:
    """Return the kind of what has a status, with an article.

    >>> kind_of(os.stat("/dev/null"))
    'a device'
    """
    return _KINDS.get(stat.S_IFMT(status.st_mode), "a device")


def is_within(path: str, folder: str) -> bool:
    """Return whether a path is a folder or in it, after links are followed."""
    places = [os.path.realpath(place) for place in (path, folder)]
    return os.path.commonpath(places) == places[1]


def describe_broken_link(path: str) -> str:
    """Say where a link leads that leads to nothing."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a link that leads to itself"
    try:
        return f"a link to {escaping.one_line(os.readlink(path))}, which does not exist"
    except OSError:
        return "a link that cannot be read"


def describe(path: str) -> str:
    """Say what is at a path, or why nothing is: which folder is missing, and what has a near name.

    Raises:
        OSError: the file system does not say so.

    >>> describe("/dev/null"), describe("/dev/nul")
    ('it is a device', 'there is no /dev/nul; did you mean /dev/null?')
    """
    status = local_status.status_of(path)
    if status is not None:
        return f"it is {kind_of(status)}"
    if _is_link(path):
        return f"it is {describe_broken_link(path)}"
    return _describe_written(path) or _describe_missing(path)


def describe_unless_folder(path: str) -> str:
    """Say what is at a path of this machine if that is not a folder; empty if it is one."""
    return "" if "://" in path or local_status.is_folder(path) else describe(path)


def _is_link(path: str) -> bool:
    return local_status.status_of(path, follow_links=False) is not None


def _describe_written(path: str) -> str:
    """Name the path that was meant by one that is written for a shell or another system."""
    if path.startswith("~"):
        return f"a shell replaces ~ only where it is not quoted: {os.path.expanduser(path)}"
    for old, new, remedy in (("\\ ", " ", "without backslashes"), ("\\", "/", "with /")):
        meant = path.replace(old, new)
        if meant != path and local_status.status_of(meant) is not None:
            return f"write it {remedy}: {meant}"
    return ""


def _describe_missing(path: str) -> str:
    stripped = path.rstrip("/")
    if stripped and stripped != path and local_status.status_of(stripped) is not None:
        return f"{stripped} is a file: leave out the / at its end"
    folder, missing = _first_missing(path)
    status = local_status.status_of(folder or ".")
    if status is not None and not stat.S_ISDIR(status.st_mode):
        return f"{folder} is {kind_of(status)}, and no folder"
    what = f"there is no {'folder ' * (missing != path)}{missing}"
    near = _near(folder, os.path.basename(missing))
    return f"{what}; did you mean {near}?" if near else what


def _first_missing(path: str) -> tuple[str, str]:
    """Return the last part of a path that exists, and the one after it, which does not."""
    missing = path.rstrip("/") or path
    while True:
        folder = os.path.dirname(missing)
        if folder in ("", missing) or local_status.status_of(folder) is not None:
            return folder, missing
        missing = folder


def _near(folder: str, name: str) -> str:
    """Return the path in a folder whose name is nearest to a name; empty if none is near."""
    try:
        names = os.listdir(folder or ".")[:_MOST_COMPARED]
    except OSError:
        return ""
    by_lower = {one.lower(): one for one in names}
    near = difflib.get_close_matches(name.lower(), by_lower, 1)
    return escaping.one_line(os.path.join(folder, by_lower[near[0]])) if near else ""
