"""Whether this machine has a GPU; importing this is cheap."""

import os


def has_gpu() -> bool:
    """Return whether there is an NVIDIA GPU that is not hidden from this process."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and os.path.exists("/dev/nvidiactl")
