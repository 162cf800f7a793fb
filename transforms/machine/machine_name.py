"""The hardware of this machine, for people: processor, cores and GPUs."""

import collections
import functools
import sys

from transforms.machine import processor
from transforms.machine.cores import usable_cores

# Characters of a processor's name that are kept.
_SHOWN = 100


@functools.cache
def machine_name() -> str:
    """Return the cores that this process may use, the processor, and the GPUs of TensorFlow.

    GPUs are named if the process has imported TensorFlow, which sees them.
    """
    cores = usable_cores()
    model = " ".join(processor.name().split())[:_SHOWN]
    name = f"{cores} core{'' if cores == 1 else 's'} of {model}"
    gpus = collections.Counter(_gpus())
    return "".join([name, *(f", {count} {gpu}" for gpu, count in sorted(gpus.items()))])


def _gpus() -> list[str]:
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return []
    config = tensorflow.config
    details = map(config.experimental.get_device_details, config.list_physical_devices("GPU"))
    return [str(one.get("device_name", "GPU")) for one in details]
