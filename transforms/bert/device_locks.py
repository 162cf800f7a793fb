"""Devices shared out among the processes of a machine, by files that are locked."""

import fcntl
import itertools
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

# The devices that this process has, by what it chose from.
_HELD: dict[str, str] = {}


def locks_folder() -> Path:
    """Give the folder by which the processes of a user agree.

    Raises:
        ValueError: it is another user's.
    """
    folder = Path(tempfile.gettempdir()) / f"beam-bert-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ValueError(f"{folder} is another user's; set TMPDIR to a folder of your own")
    return folder


def lock_device(devices: Sequence[str], folder: Path) -> str:
    """Take the device that the fewest processes have, until this process ends.

    Args:
        devices: by name.
        folder: holds a file for each turn at each device, locked while a process has it; the
            system lets go of those of a process that ends, however it ends.

    Returns:
        the first of the devices that have the least processes; to one process always the same.
    """
    key = f"{folder} {' '.join(devices)}"
    if key not in _HELD:
        _HELD[key] = next(
            device
            for turn in itertools.count()
            for device in devices
            if _lock(folder / f"{re.sub('[^A-Za-z0-9]+', '-', device)}.{turn}")
        )
    return _HELD[key]


def _lock(path: Path) -> bool:
    """Lock a file for the life of this process, if no other has."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    return True
