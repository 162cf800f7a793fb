"""From the bytes of a file as they are stored to those that its format reads."""

from typing import BinaryIO

from transforms.documents import Source
from transforms.io.decompressing import open_compressed
from transforms.io.transcoding import as_utf8
from transforms.sources import base
from transforms.sources.base import ReadConfig


def readable(stream: BinaryIO, source: Source, config: ReadConfig) -> BinaryIO:
    """Uncompress a file, and make its text UTF-8.

    Args:
        stream: the bytes as they are stored.
        source: whose they are.
        config: in which encoding its text is.
    """
    uncompressed = open_compressed(stream, source.compression)
    if not base.find(source.format).is_text:
        return uncompressed
    return as_utf8(uncompressed, config.encoding)
