"""Which GPU a process computes on, and how it takes its share of that one's memory."""

import contextlib
import os

import tensorflow as tf

from transforms.bert.device_locks import lock_device, locks_folder

# TensorFlow takes all memory of a GPU when it first computes, which may be before a model is
# loaded: a tokenizer runs in the same process. It reads this then.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def allow_memory_growth() -> None:
    """Let TensorFlow take memory of GPUs as it needs it, not all of it at once.

    So several processes fit on one. To be called before anything is computed; later it changes
    nothing (https://www.tensorflow.org/guide/gpu#limiting_gpu_memory_growth).
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)


def process_device() -> str | None:
    """Give the GPU on which this process computes; None where there is none.

    Processes of one user on one machine spread over the GPUs that they see: a model a device, as
    far as there are devices.
    """
    gpus = [gpu.name for gpu in tf.config.list_logical_devices("GPU")]
    return lock_device(gpus, locks_folder()) if gpus else None
