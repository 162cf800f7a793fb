"""Read gzip as far as it can be read."""

import gzip
import zlib
from typing import BinaryIO


class DamagedError(Exception):
    """The stream is damaged here; what was read before is sound."""


class Gunzip:
    """The uncompressed bytes of a gzip.

    Python's own reader tells damage by several exceptions, one of them an OSError like those of a
    failing disk. Here damage, which stays, is told apart from what may pass.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._file = gzip.GzipFile(fileobj=stream, mode="rb")

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes; none at the end.

        Raises:
            DamagedError: the gzip is cut short, is none, or its checksum does not fit.
            OSError: the file under it cannot be read.
        """
        try:
            # A read of several blocks would lose those before a damaged one.
            return self._file.read1(length)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedError(str(error)) from error
