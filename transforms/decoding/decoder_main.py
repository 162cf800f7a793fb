"""The decoder's process: `python -m transforms.decoding.decoder_main DESCRIPTOR`.

It reads no file: its reader sends the bytes. It ends with its reader, whose socket then closes.
"""

import json
import math
import os
import resource
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from transforms.decoding import messages
from transforms.decoding.decoder_stream import ReadersStream
from transforms.decoding.row_groups import ParquetDecoder

# Seconds of this process's CPU time for one step, which decodes some rows. Seconds of a clock would
# call a file damaged because the computer was busy.
_STEP_SECONDS = 60
_MAX_MESSAGE = 500


class Decoder:
    """Serves the requests of one reader, one after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._base_memory = _address_space()
        self._file: ParquetDecoder | None = None

    def serve(self) -> None:
        """Serve requests until the reader ends."""
        messages.send(self._connection, messages.READY)
        while True:
            _, content = messages.receive(self._connection)
            try:
                self._answer(json.loads(bytes(content)))
            except (EOFError, ConnectionError):
                raise
            except Exception as error:
                self._fail(error)

    def _answer(self, request: dict[str, Any]) -> None:
        for result in self._results(request.pop("name"), request):
            _allow_another_step()
            if result is None:
                continue
            messages.send(self._connection, messages.RESULT, result)
            if messages.receive(self._connection)[0] == messages.STOP:
                break
        messages.send(self._connection, messages.DONE)

    def _results(self, name: str, request: dict[str, Any]) -> Iterator[bytes | None]:
        _allow_another_step()
        if name == "open":
            self._file = None
            _limit_memory(self._base_memory + request["memory"])
            stream = ReadersStream(self._connection, request["size"])
            self._file = ParquetDecoder(stream)
            return self._file.footer()
        results: Iterator[bytes | None] = getattr(self._file, name)(**request)
        return results

    def _fail(self, error: Exception) -> None:
        why = (str(error) or type(error).__name__).splitlines()[0][:_MAX_MESSAGE]
        content = {
            "why": why,
            "memory": isinstance(error, MemoryError),
            "unsupported": isinstance(error, NotImplementedError),
        }
        messages.send(self._connection, messages.FAILED, json.dumps(content).encode())


def _allow_another_step() -> None:
    """Set the CPU time at which the kernel ends this process by SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + _STEP_SECONDS
    _set_limit(resource.RLIMIT_CPU, limit)


def _limit_memory(limit: int) -> None:
    _set_limit(resource.RLIMIT_AS, limit)


def _set_limit(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _address_space() -> int:
    """Return the bytes of address space in use, most of it by libraries."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def main() -> None:
    """Serve the reader at the other end of a socket."""
    # The reader decides what Ctrl-C does; a crash leaves no core file behind.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _set_limit(resource.RLIMIT_CORE, 0)
    try:
        Decoder(Connection(int(sys.argv[1]))).serve()
    except (EOFError, ConnectionError):
        return
    except MemoryError:
        # The file needs so much that not even a message fits.
        os.abort()


if __name__ == "__main__":
    main()
