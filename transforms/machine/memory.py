"""The memory that this process may use."""

import os

from transforms.machine import cgroups


def usable_memory() -> int:
    """Return the memory of the machine in bytes, or the lower limit of its control groups."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = cgroups.read_limits().memory
    return installed if limit is None else min(installed, limit)
