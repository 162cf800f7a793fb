"""Devices shared among the processes of a machine by lock files."""

import fcntl
import itertools
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

# The device that this process locked, by the folder and the devices that it chose from.
_LOCKED: dict[str, str] = {}


def locks_folder() -> Path:
    """Return the folder of lock files that the processes of a user share.

    Raises:
        ValueError: it belongs to another user.
    """
    folder = Path(tempfile.gettempdir()) / f"beam-bert-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ValueError(f"{folder} belongs to another user; set TMPDIR to a folder of yours")
    return folder


def lock_device(devices: Sequence[str], folder: Path) -> str:
    """Lock the device that the fewest processes have locked, until this process ends.

    Args:
        devices: names of the devices.
        folder: has one file per device and place in its queue, locked by one process each. The
            system releases the locks of a process however it ends.

    Returns:
        the first of the devices with the fewest processes; always the same for a process.
    """
    key = f"{folder} {' '.join(devices)}"
    if key not in _LOCKED:
        _LOCKED[key] = next(
            device
            for place in itertools.count()
            for device in devices
            if _lock(folder / f"{re.sub('[^A-Za-z0-9]+', '-', device)}.{place}")
        )
    return _LOCKED[key]


def _lock(path: Path) -> bool:
    """Lock a file until this process ends, unless another process has locked it."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    return True
