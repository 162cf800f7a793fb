"""The device that a process computes on, and TensorFlow's settings for GPUs."""

import contextlib
import os

import tensorflow as tf

from transforms.bert.device_locks import lock_device, locks_folder
from transforms.machine.cores import limit_threads

# By default, TensorFlow reserves all memory of a GPU when it first computes. That may be before a
# model is loaded, by a tokenizer in the same process; TensorFlow reads this variable then.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
# TensorFlow starts its threads when it first computes, too.
limit_threads()


def allow_memory_growth() -> None:
    """Make TensorFlow reserve GPU memory as it needs it, so that several processes fit on one GPU.

    Call it before anything is computed; later it changes nothing
    (https://www.tensorflow.org/guide/gpu#limiting_gpu_memory_growth).
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)


def disable_tensor_float_32() -> None:
    """Multiply float32 numbers in full precision in this process.

    From Ampere on, GPUs round the factors to 10 bits after the point by default
    (https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_tensor_float_32_execution).
    Then float32 would differ between machines, and an error in an encoder could not be detected.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)


def process_device() -> str | None:
    """Return the GPU on which this process computes; None if there is no GPU.

    The processes of a user on a machine are spread over the GPUs that they see, so that each GPU
    has one model if there are enough GPUs.
    """
    gpus = [gpu.name for gpu in tf.config.list_logical_devices("GPU")]
    return lock_device(gpus, locks_folder()) if gpus else None
