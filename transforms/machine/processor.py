"""The processor of this machine; importing this is cheap."""

import platform
import socket
from collections.abc import Iterator
from pathlib import Path

# Linux's names of the instructions that multiply in bfloat16: of x86 and of Arm.
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16", "svebf16"}
_CPU_INFO = Path("/proc/cpuinfo")


def name() -> str:
    """Return the name of the processor."""
    names = (value for key, value in _entries() if key == "model name")
    return next(names, platform.processor() or platform.machine())


def describe() -> str:
    """Return the host's name and the processor's, for messages."""
    return f"{socket.gethostname()} ({name()})"


def instructions() -> str:
    """Return the name of the processor and the sets of instructions that it has."""
    flags = (value for key, value in _entries() if key in ("flags", "Features"))
    return f"{name()}: {' '.join(sorted(next(flags, '').split()))}"


def multiplies_bfloat16() -> bool:
    """Return whether the processor has instructions that multiply numbers in bfloat16."""
    flags = (value.split() for key, value in _entries() if key in ("flags", "Features"))
    return not _BFLOAT16_FLAGS.isdisjoint(next(flags, []))


def _entries() -> Iterator[tuple[str, str]]:
    """Yield what Linux says of the first processor and those after it; nothing elsewhere."""
    try:
        text = _CPU_INFO.read_text("utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        key, _, value = line.partition(":")
        yield key.strip(), value.strip()
