"""What a job on this machine needs of it: temporary files, a network to itself, and memory."""

import contextlib
import os
import socket
import tempfile
from collections.abc import Mapping, Sequence

from pipeline.console import printing
from pipeline.errors import NO_TEMPORARY_FOLDER, UsageError
from transforms.bert.gpus import has_gpu
from transforms.features import widths_of_tokens
from transforms.machine.cores import usable_cores
from transforms.machine.memory import usable_memory

# One thread encodes with all cores while another one reads and tokenizes and a third one writes.
MOST_THREADS = 3
# A GPU leaves the cores to the other stages, of which tokenizing takes longest.
_MOST_THREADS_BESIDE_GPU = 8
# Libraries, a small model and its parts: 1.2 GB were measured in a control group.
_PROCESS_BYTES = 1_200_000_000
# Wordpieces are read from so many bytes of text, and so many copies of their vectors are in use.
_BYTES_OF_TOKEN, _COPIES = 4, 3
_FLOAT_BYTES = 4
_CONNECT_SECONDS = 10.0
# gRPC reads the second variable only if the first is not set.
_NO_PROXY, _LOOPBACK = ("no_grpc_proxy", "no_proxy"), ("localhost", "127.0.0.1", "::1")


def check_machine(processes: int) -> None:
    """Check that this machine can run a job, and warn of too little memory.

    Args:
        processes: that work on the job, each with a model.

    Raises:
        UsageError: it cannot.
    """
    check_temporary_folder()
    reach_loopback_without_proxy()
    check_loopback()
    warning = too_little_memory(usable_memory(), processes)
    if warning:
        printing.announce(warning)


def check_temporary_folder() -> None:
    """Check that temporary files can be written.

    Raises:
        UsageError: they cannot, in any of the folders that Python tries.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise UsageError(NO_TEMPORARY_FOLDER) from error


def reach_loopback_without_proxy() -> None:
    """Let gRPC connect Beam's runner and its workers directly, whatever proxy is set.

    A proxy of the environment cannot connect to this machine, and the job would wait in vain.
    """
    os.environ[_NO_PROXY[0]] = without_proxy(os.environ)


def without_proxy(environment: Mapping[str, str]) -> str:
    """Return the value of no_grpc_proxy that adds this machine to the hosts without a proxy."""
    stated = next((environment[name] for name in _NO_PROXY if environment.get(name)), "")
    hosts = [host for host in stated.split(",") if host]
    return ",".join([*hosts, *(name for name in _LOOPBACK if name not in hosts)])


def check_loopback() -> None:
    """Check that this machine can connect to itself, as Beam's runner and its workers do.

    Raises:
        UsageError: it cannot: its loopback interface is down, or has no name.
    """
    try:
        with socket.create_server(("localhost", 0)) as server:
            address = ("localhost", server.getsockname()[1])
            with contextlib.closing(socket.create_connection(address, _CONNECT_SECONDS)):
                pass
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"this machine cannot connect to localhost ({reason}), as Beam's runner does: turn its "
            "loopback interface on (ip link set lo up), and name it in /etc/hosts"
        ) from error


def threads_for(splits: int) -> int:
    """Return the number of threads that have a split to read: one computes all parts of a split.

    Beam prepares every stage for each thread, which takes longer than a small part.
    """
    return max(1, min(most_threads(), splits))


def most_threads() -> int:
    """Return the number of parts that a process works on at once, at most."""
    beside_gpu = min(_MOST_THREADS_BESIDE_GPU, usable_cores()) if has_gpu() else 0
    return max(MOST_THREADS, beside_gpu)


def threads_within(
    memory: int, hidden_size: int, part_bytes: int, features: Sequence[str], splits: int
) -> int:
    """Return the number of parts that a process works on at once, as memory allows.

    Args:
        memory: that the process may use, in bytes.
        hidden_size: of the model.
        part_bytes: text of a part.
        features: as requested. Those of tokens take by far the most memory.
        splits: that are to be read.
    """
    floats = hidden_size * sum(widths_of_tokens(features).values())
    part = part_bytes * _COPIES * (1 + floats * _FLOAT_BYTES // _BYTES_OF_TOKEN)
    return max(1, min(threads_for(splits), (memory - _PROCESS_BYTES) // part))


def too_little_memory(memory: int, processes: int) -> str | None:
    """Return a warning if the kernel may kill the job for lack of memory; else None.

    Args:
        memory: that the job may use, in bytes.
        processes: that work on it, each with a model.
    """
    needed = _PROCESS_BYTES * processes
    if memory >= needed:
        return None
    return (
        f"beam-bert: this job may use {memory / 1e9:.1f} GB of memory, and needs about "
        f"{needed / 1e9:.1f} GB: the kernel may kill it. Raise the limit of the container or of "
        "the control group"
    )
