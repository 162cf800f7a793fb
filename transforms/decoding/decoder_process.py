"""Start decoders, and exchange messages with them.

A process keeps its idle decoders for the next file: starting one takes a third of a second.
"""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from transforms.decoding import messages
from transforms.decoding.decoder_stream import RANGE
from transforms.io.watching import DamagedError, StorageError
from transforms.machine.cores import usable_cores

# Signals that a process gets for what it does, not from others. SIGXCPU ends an endless loop.
_ITS_OWN_FAULTS = {
    *(signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),
    *(signal.SIGTRAP, signal.SIGSYS, signal.SIGXCPU),
}
# A decoder that takes no CPU time for so many seconds, while its reader waits, is stuck.
_LONGEST_WAIT = 1800
_MODULE = "transforms.decoding.decoder_main"
_ROOT = Path(__file__).parents[2]
_MAX_IDLE = usable_cores()

# Reads bytes of the file: offset, length.
ReadRange = Callable[[int, int], bytes]


class DecoderDiedError(Exception):
    """A decoder has ended.

    Attributes:
        is_damage: whether what it decoded has ended it, rather than somebody else.
    """

    def __init__(self, returncode: int, message: str) -> None:
        number = -returncode
        self.is_damage = number in _ITS_OWN_FAULTS
        known = number in {one.value for one in signal.Signals}
        name = signal.Signals(number).name if known else f"status {returncode}"
        super().__init__(f"decoding it ends the decoder ({name}){message and f': {message}'}")


class OutOfMemoryError(DamagedError):
    """A decoder was not allowed the memory that a file needs."""


class UnsupportedError(DamagedError):
    """Arrow does not read files of this kind, sound or not."""


class DecoderProcess:
    """A decoder.

    Attributes:
        pid: its number.
        is_free: whether it has no request to finish, and may have further ones.
    """

    def __init__(self) -> None:
        """Start a decoder.

        Raises:
            StorageError: the system cannot start a process now.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        try:
            ours, theirs = socket.socketpair()
            self._connection = Connection(ours.detach())
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", _MODULE, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._errors,
                    pass_fds=[theirs.fileno()],
                    env=_environment(),
                )
            self._receive()
        except (OSError, DecoderDiedError) as error:
            raise StorageError(f"the decoder of Parquet files does not start: {error}") from error
        self.pid = self._process.pid
        self.is_free = True

    def ask(self, read: ReadRange, name: str, **parameters: Any) -> Iterator[memoryview]:
        """Yield the results of a request; close the iterator to leave the others out.

        Args:
            read: reads the file's bytes.
            name: a method of `row_groups.ParquetDecoder`, or `open`.
            parameters: those of the method.

        Raises:
            DamagedError: the content cannot be decoded.
            DecoderDiedError: the decoder has ended.
            StorageError: the file cannot be read.
        """
        self.is_free = False
        self._send(messages.REQUEST, json.dumps({"name": name, **parameters}).encode())
        kind, content = self._serve_reads(read)
        while kind == messages.RESULT:
            try:
                yield content
            except GeneratorExit:
                self._send(messages.STOP)
                self._serve_reads(read)
                self.is_free = True
                raise
            self._send(messages.NEXT)
            kind, content = self._serve_reads(read)
        failure = json.loads(bytes(content)) if kind == messages.FAILED else None
        # Where memory was short, the next file may meet other conditions than in a fresh decoder.
        self.is_free = failure is None or not failure["memory"]
        if failure is not None:
            error = UnsupportedError if failure["unsupported"] else DamagedError
            raise (error if self.is_free else OutOfMemoryError)(failure["why"])

    def end(self) -> None:
        """End the process."""
        self._connection.close()
        self._errors.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _serve_reads(self, read: ReadRange) -> tuple[bytes, memoryview]:
        """Send the bytes that the decoder asks for; return its next other message."""
        while True:
            kind, content = self._receive()
            if kind != messages.READ:
                return kind, content
            try:
                data = read(*RANGE.unpack(content))
            except StorageError:
                self._abandon()
                raise
            self._send(messages.DATA, data)

    def _abandon(self) -> None:
        """Leave the results of a request out, while the decoder waits for bytes."""
        with contextlib.suppress(DecoderDiedError):
            kind = messages.READ
            while kind in (messages.READ, messages.RESULT):
                self._send(messages.ABANDON if kind == messages.READ else messages.STOP)
                kind, _ = self._receive()
            self.is_free = True

    def _send(self, kind: bytes, content: bytes = b"") -> None:
        try:
            messages.send(self._connection, kind, content)
        except OSError as error:
            raise self._died() from error

    def _receive(self) -> tuple[bytes, memoryview]:
        try:
            if not self._connection.poll(_LONGEST_WAIT):
                self._process.kill()
            return messages.receive(self._connection)
        except (EOFError, OSError) as error:
            raise self._died() from error

    def _died(self) -> DecoderDiedError:
        """Return how the process ended; it ends now if it has only closed its socket."""
        self._connection.close()
        returncode = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode(errors="replace").split("what():")
        message = lines[-1].strip().splitlines()
        shown = message[0] if message and (len(lines) > 1 or returncode > 0) else ""
        return DecoderDiedError(returncode, shown)


def _environment() -> dict[str, str]:
    """Return the environment of a decoder, which finds modules where this process does."""
    places = dict.fromkeys([str(_ROOT), *map(os.path.abspath, sys.path)])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(places),
        # Other allocators reserve address space in advance, which counts against the limit.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


_idle: list[DecoderProcess] = []
_lock = threading.Lock()
# The decoders of a process that forked are not its child's.
os.register_at_fork(after_in_child=_idle.clear)


def take(*, fresh: bool) -> DecoderProcess:
    """Return a decoder that nobody else uses; a fresh one has decoded no other file."""
    with _lock:
        if _idle and not fresh:
            return _idle.pop()
    return DecoderProcess()


def give_back(decoder: DecoderProcess) -> None:
    """Keep a decoder for the next file, or end it."""
    with _lock:
        if decoder.is_free and len(_idle) < _MAX_IDLE:
            _idle.append(decoder)
            return
    decoder.end()


@atexit.register
def _end_all() -> None:
    while _idle:
        with contextlib.suppress(OSError):
            _idle.pop().end()
