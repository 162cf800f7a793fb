"""List what each glob of the input matches, on any file system."""

from pipeline.errors import JobError, UsageError, is_of_user
from pipeline.inputs import local_glob, nothing_found, remote_glob
from pipeline.inputs.entries import READ_FILE, Entry, LeftOut, Matches
from pipeline.inputs.job_folders import OwnFolders
from transforms import escaping
from transforms.io import file_systems
from transforms.io.watching import describe


def match(glob: str, own: OwnFolders) -> Matches:
    """List what matches a glob, sorted by path.

    Raises:
        UsageError: nothing matches, or a folder is forbidden; the message says what is there.
        JobError: a disk or a server fails.
    """
    shown = escaping.one_line(glob)
    try:
        file_systems.require_file_system(glob)
        list_files = remote_glob.list_files if "://" in glob else local_glob.list_files
        found = list_files(glob, own)
        reason = "" if found.entries else nothing_found.explain(glob, found)
    except (OSError, ValueError) as error:
        may_pass = isinstance(error, OSError) and not is_of_user(error)
        kind = JobError if may_pass else UsageError
        raise kind(f"--input {shown}: cannot be listed: {describe(error)}") from error
    if reason:
        raise UsageError(f"--input {shown}: no file matches; {escaping.one_line(reason)}")
    return Matches(sorted(found.entries, key=lambda entry: entry.path), found.left_out)


class Names:
    """The names of the files that were listed so far: a file of several names is read once."""

    def __init__(self) -> None:
        self._first: dict[object, str] = {}

    def without_known(self, found: Matches) -> Matches:
        """Leave out the files that were listed before, by this or another name.

        A file of this machine is known by its device and inode, so that links to a file, hard or
        symbolic, are further names of it.
        """
        entries, left_out = [], list(found.left_out)
        for entry in found.entries:
            first = self._first.setdefault(_key(entry), entry.path)
            if first is entry.path:
                entries.append(entry)
            elif first != entry.path:
                left_out.append(LeftOut(f"{entry.path} is {first}", READ_FILE))
        return Matches(entries, left_out)


def _key(entry: Entry) -> object:
    # Some file systems give one inode to several files.
    return (entry.identity, entry.size, entry.version) if entry.identity else entry.path
