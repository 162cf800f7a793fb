"""How a process takes its share of the GPUs that TensorFlow sees."""

import contextlib

import tensorflow as tf


def share_gpus() -> None:
    """Let TensorFlow take memory of GPUs as it needs it, not all of it at once.

    So several processes fit on one. To be called before anything is computed; later it changes
    nothing (https://www.tensorflow.org/guide/gpu#limiting_gpu_memory_growth).
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
