"""The standard input as a file: it is read once, and then stored in the output folder."""

import contextlib
import dataclasses
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence

from pipeline.errors import JobError, UsageError, is_of_user
from transforms.documents import Split
from transforms.io import storage
from transforms.splits.collecting import collect
from transforms.splits.split_columns import SplitColumns

# The name of the standard input on the command line.
PIPE = "-"
# The name of the file in the output folder.
STDIN_FILE = "stdin"
_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Piped:
    """The content of the standard input.

    Attributes:
        path: the temporary file that contains it.
        size: its size in bytes.
        sha256: its hash, 64 hex digits.
    """

    path: str
    size: int
    sha256: str

    def store(self, folder: str) -> None:
        """Copy it into the output folder, unless it is there already.

        Raises:
            OSError: the folder cannot be written.
        """
        final = storage.join(folder, STDIN_FILE)
        if storage.exists(final) and storage.hash_file(final) == self.sha256:
            return
        with storage.atomic_write(folder, STDIN_FILE) as target, open(self.path, "rb") as source:
            while block := source.read(_BLOCK):
                target.write(block)


@contextlib.contextmanager
def take(globs: Sequence[str]) -> Iterator[Piped | None]:
    """Read the standard input to its end if it is an input; delete the file after the block.

    Raises:
        UsageError: it is closed, or it can never be stored.
        JobError: it cannot be stored now: the disk for temporary files is full.
    """
    if PIPE not in globs:
        yield None
        return
    if sys.stdin is None:
        raise UsageError("--input -: the standard input is closed; give it a pipe or a file")
    if sys.stdin.isatty():
        print("beam-bert: reading documents from the terminal; Ctrl-D ends", file=sys.stderr)  # noqa: T201
    folder = tempfile.mkdtemp(prefix="beam-bert-")
    try:
        yield _spool(os.path.join(folder, STDIN_FILE))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _spool(path: str) -> Piped:
    digest = hashlib.sha256()
    size = 0
    try:
        with open(path, "xb") as file:
            while block := sys.stdin.buffer.read(_BLOCK):
                file.write(block)
                digest.update(block)
                size += len(block)
    except OSError as error:
        kind = UsageError if is_of_user(error) else JobError
        raise kind(f"--input -: cannot be stored in {path}: {error.strerror}") from error
    return Piped(path, size, digest.hexdigest())


def relocate(splits: Sequence[Split], folder: str) -> SplitColumns:
    """Return the splits with the path of the standard input in the output folder."""
    columns = collect(splits)
    files = columns.files.with_location(PIPE, storage.join(folder, STDIN_FILE))
    return SplitColumns(files, columns.rows, columns.reasons)
