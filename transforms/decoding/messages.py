"""Messages between a reader and its decoder: a header that says what follows, then the content."""

from multiprocessing.connection import Connection

# From the reader. REQUEST: JSON. NEXT and STOP answer a RESULT. DATA and ABANDON answer a READ.
REQUEST, NEXT, STOP, DATA, ABANDON = b"q", b"n", b"s", b"d", b"a"
# From the decoder. READ: offset and length of bytes of the file. RESULT: bytes. FAILED: JSON.
READY, READ, RESULT, DONE, FAILED = b"!", b"r", b"=", b".", b"x"


# The content begins where Arrow may use it in place.
_HEADER_BYTES = 16


def send(connection: Connection, kind: bytes, content: bytes = b"") -> None:
    """Send a message."""
    connection.send_bytes(kind.ljust(_HEADER_BYTES) + content)


def receive(connection: Connection) -> tuple[bytes, memoryview]:
    """Wait for a message; return its kind and its content.

    Raises:
        EOFError, OSError: the other process has ended.
    """
    message = connection.recv_bytes()
    return message[:1], memoryview(message)[_HEADER_BYTES:]
