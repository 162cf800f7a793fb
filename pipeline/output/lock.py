"""Run one job at a time in an output folder."""

import contextlib
import os
from collections.abc import Iterator

from pipeline.output import folder_lock


@contextlib.contextmanager
def hold(folder: str) -> Iterator[None]:
    """Lock an output folder against other jobs; see `folder_lock.hold`.

    Folders of remote file systems are not locked.

    Raises:
        UsageError: another job has locked the folder, or it cannot be created.
    """
    if "://" in folder or (os.path.exists(folder) and not os.path.isdir(folder)):
        yield
        return
    with folder_lock.hold(folder):
        yield
