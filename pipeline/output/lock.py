"""Run one job at a time in an output folder."""

import contextlib
import os
from contextlib import AbstractContextManager

from pipeline.output import folder_lock, object_lock
from transforms.io.conditional import conditional_object


def hold(folder: str) -> AbstractContextManager[None]:
    """Return a block that locks an output folder against other jobs.

    See `folder_lock.hold` for folders of this machine and `object_lock.hold` for those of s3:// and
    gs://. Folders of other file systems are not locked.

    Raises:
        UsageError: in the block: another job has locked the folder, or it can never be created.
        JobError: in the block: another job has taken the folder over.
        OSError: in the block: the store does not answer, or the folder cannot be created now.
    """
    if "://" in folder:
        is_locked = conditional_object.has_conditions(folder)
        return object_lock.hold(folder) if is_locked else contextlib.nullcontext()
    if os.path.exists(folder) and not os.path.isdir(folder):
        return contextlib.nullcontext()
    return folder_lock.hold(folder)
