"""An HTTP proxy before a server of a test that disturbs a share of the requests.

The faults are those of networks and of busy object stores; which requests they meet depends on a
seed, and on the order in which a client's threads send them.
"""

import collections
import contextlib
import http.client
import http.server
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

# Each fault with its weight.
RESET, LOST, CUT, ERROR_500, ERROR_503, DELAY = "reset", "lost", "cut", "500", "503", "delay"
FAULTS = {RESET: 2, LOST: 3, CUT: 3, ERROR_500: 2, ERROR_503: 2, DELAY: 1}

_DELAY_SECONDS = 0.02
# The proxy sets these by itself.
_OWN_HEADERS = frozenset(("connection", "content-length", "transfer-encoding", "keep-alive"))


class FaultyProxy(http.server.ThreadingHTTPServer):
    """Forwards requests to another server, and disturbs some.

    A `reset` closes the connection before the request reaches the server, `lost` after the server
    has executed it, without an answer. `cut` announces the whole body and sends half of it. `500`
    and `503` are answered without asking the server.

    Attributes:
        share: of the requests that are disturbed, 0 to 1.
        answered: requests that are answered before an outage, when all get `503`; None for ever.
        requests: how many came.
        faults: how many were disturbed, by fault.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = (host, port)
        self.restart(0.0, 0)

    def restart(self, share: float, seed: int, answered: int | None = None) -> None:
        """Set the faults, and count from zero."""
        self.share, self.answered, self.requests = share, answered, 0
        self.faults: collections.Counter[str] = collections.Counter()
        self._random, self._lock = random.Random(seed), threading.Lock()

    def draw(self) -> str:
        """Return the fault of the next request, or an empty string."""
        with self._lock:
            self.requests += 1
            if self.answered is not None and self.requests > self.answered:
                fault = ERROR_503
            elif self._random.random() >= self.share:
                return ""
            else:
                (fault,) = self._random.choices(list(FAULTS), FAULTS.values())
            self.faults[fault] += 1
            return fault

    def handle_error(self, *_: object) -> None:
        """Do not print that a client closed its connection."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise a body waits for the acknowledgement of its head.
    disable_nagle_algorithm = True
    server: FaultyProxy

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.draw()
        if fault == RESET:
            self._break_connection()
        elif fault in (ERROR_500, ERROR_503):
            self._answer(int(fault), {"Content-Length": "0"}, b"")
        else:
            status, headers, content = self._ask_server(body)
            if fault == LOST or (fault == CUT and len(content) < 2):
                self._break_connection()
                return
            if fault == DELAY:
                time.sleep(_DELAY_SECONDS)
            self._answer(status, headers, content[: len(content) // 2] if fault == CUT else content)
            if fault == CUT:
                self._break_connection()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def _ask_server(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with contextlib.closing(http.client.HTTPConnection(*self.server.upstream)) as connection:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _OWN_HEADERS}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        # A server gives addresses of its own, such as that of an upload that has begun.
        there, here = (f"{host}:{port}" for host, port in (self.server.upstream, self._address))
        answered = {key: value.replace(there, here) for key, value in answer.getheaders()}
        kept = {k: v for k, v in answered.items() if k.lower() not in _OWN_HEADERS}
        kept["Content-Length"] = answer.getheader("Content-Length", str(len(content)))
        return answer.status, kept, content

    @property
    def _address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.server_port

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def _break_connection(self) -> None:
        """Close the connection after what was sent of the answer."""
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Do not log."""


@contextlib.contextmanager
def before(host: str, port: int) -> Iterator[FaultyProxy]:
    """Start a proxy before a server."""
    with FaultyProxy(host, port) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        yield proxy
        proxy.shutdown()
