"""The hardware of this machine, for people: processor, cores and GPUs."""

import collections
import functools
import platform
import re
import sys

from transforms.machine.cores import usable_cores


@functools.cache
def machine_name() -> str:
    """Return the cores that this process may use, the processor, and the GPUs of TensorFlow.

    GPUs are named if the process has imported TensorFlow, which sees them.
    """
    cores = usable_cores()
    name = f"{cores} core{'' if cores == 1 else 's'} of {_processor()}"
    gpus = collections.Counter(_gpus())
    return "".join([name, *(f", {count} {gpu}" for gpu, count in sorted(gpus.items()))])


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            text = file.read(1 << 16)
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    name = found[1] if found else platform.processor() or platform.machine()
    return " ".join(name.split())[:100]


def _gpus() -> list[str]:
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return []
    config = tensorflow.config
    details = map(config.experimental.get_device_details, config.list_physical_devices("GPU"))
    return [str(one.get("device_name", "GPU")) for one in details]
