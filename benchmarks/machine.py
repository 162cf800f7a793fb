"""What figures are measured on."""

import datetime
import os
from pathlib import Path


def describe() -> str:
    """Say which processor, how many of its cores, and how much memory."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "CPU")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GB"


def today() -> str:
    """Give the date."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
