"""Read the lines of many files as one block: a few calls of Arrow for each file would cost more."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from transforms.documents import Source
from transforms.io.decompressing import NONE
from transforms.io.transcoding import UTF8
from transforms.sources import jsonl, text
from transforms.sources.base import ReadConfig
from transforms.sources.lines import NEWLINE, LineBlock

_Parse = Callable[[LineBlock, str | Sequence[str], ReadConfig], pa.RecordBatch]

_PARSE: dict[str, _Parse] = {text.NAME: text.parse, "jsonl": jsonl.parse}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def may_be_joined(file: Source, config: ReadConfig) -> bool:
    """Whether the lines of a file can be read with those of others, if its content is plain."""
    is_plain = file.compression == NONE and not file.whole and config.encoding == UTF8
    if not is_plain or file.size >= config.max_document_bytes:
        return False
    # Lines of text take what they keep from the path of their file.
    return file.format in _PARSE and not (file.format == text.NAME and config.kept)


def is_plain_text(content: bytes) -> bool:
    """Whether a content has lines as they are in the middle of a file: no mark, no other ends."""
    return not content.startswith(_BYTE_ORDER_MARK) and b"\r" not in content


def parse_together(
    files: Sequence[Source], contents: Sequence[bytes], config: ReadConfig
) -> tuple[pa.RecordBatch, np.ndarray]:
    """Read the documents of files of one format, as if each was read alone.

    Args:
        files: those that `may_be_joined`.
        contents: their bytes; each `is_plain_text`.
        config: how records become documents.

    Returns:
        the documents, and the number of the file of each, int64 [documents].
    """
    complete = [content if content.endswith(NEWLINE) else content + NEWLINE for content in contents]
    body = b"".join(complete)
    ends = np.flatnonzero(np.frombuffer(body, np.uint8) == NEWLINE[0]) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    lines = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(body)]
    )
    sizes = np.fromiter(map(len, complete), np.int64, len(complete))
    starts = np.cumsum(sizes) - sizes
    numbers = np.searchsorted(starts, offsets[:-1], side="right") - 1
    block = LineBlock(
        start=0,
        end=len(body),
        at_end=True,
        lines=lines,
        positions=offsets[:-1] - starts[numbers],
        oversize=np.zeros(len(lines), bool),
    )
    paths = [files[number].path for number in numbers.tolist()]
    return _PARSE[files[0].format](block, paths, config), numbers
