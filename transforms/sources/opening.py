"""From the stored bytes of a file to the bytes that its format reads."""

from typing import BinaryIO, cast

from transforms.documents import Source
from transforms.io.decompressing import open_compressed
from transforms.io.line_ends import LineFeeds
from transforms.io.transcoding import as_utf8
from transforms.sources import base
from transforms.sources.base import ReadConfig


def readable(stream: BinaryIO, source: Source, config: ReadConfig) -> BinaryIO:
    """Uncompress a file, and convert text to UTF-8 with line feeds.

    Args:
        stream: the bytes as stored.
        source: the file.
        config: `encoding` is that of text files.
    """
    uncompressed = open_compressed(stream, source.compression)
    if not base.find(source.format).is_text:
        return uncompressed
    return cast(BinaryIO, LineFeeds(as_utf8(uncompressed, config.encoding)))
