"""The machine and the date of a measurement."""

import datetime
import os

from transforms.machine import processor


def describe() -> str:
    """Return the number of cores, the processor and the memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{os.cpu_count()} cores of {processor.name()}, {memory:.0f} GB"


def today() -> str:
    """Return the date, in UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
