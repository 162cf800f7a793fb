"""Segments: files of a thousand receipts each, which are faster to read than a thousand files.

A segment is a copy of receipts that were read, and never the proof of a part: a row counts only
while the listing says of its receipt what it said when it was read. It is a file of Arrow's IPC
format whose name is the sha256 of its bytes. So one that is truncated or changed, or of a release
with other columns, is no segment, and nothing is lost.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pyarrow as pa

from pipeline.parts import receipt_columns
from pipeline.parts.receipt_files import ListedReceipt
from pipeline.parts.receipt_rows import check_rows
from transforms.io import folder_listing, storage
from transforms.io.folder_listing import ListedFiles
from transforms.receipts import RECEIPTS, Receipt

# The folder of segments within an output folder.
SEGMENTS = f"{RECEIPTS}/segments"
# Receipts of a segment. A job of fewer parts has none.
ROWS = 1000
# The columns of receipts, and what the listing said of each when it was read.
_BYTES, _CHANGED = "file_bytes", "file_changed"
SCHEMA = pa.schema(
    [
        *receipt_columns.SCHEMA,
        pa.field(_BYTES, pa.int64(), nullable=False),
        pa.field(_CHANGED, pa.float64(), nullable=False),
    ]
)
_NAME = re.compile(r"([0-9a-f]{64})\.arrow")
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")
# Segments are read by several threads, at most so many ahead.
_THREADS = 8


def rows_of(pairs: Sequence[tuple[ListedReceipt, Receipt]]) -> pa.RecordBatch:
    """Return the rows of a segment from receipts that were listed and then read."""
    columns = receipt_columns.encode([receipt for _, receipt in pairs]).columns
    sizes = pa.array([listed.bytes for listed, _ in pairs], pa.int64())
    times = pa.array([listed.changed for listed, _ in pairs], pa.float64())
    return pa.RecordBatch.from_arrays([*columns, sizes, times], schema=SCHEMA)


def listed_in(batch: pa.RecordBatch) -> ListedFiles:
    """Return what the listing said of each receipt in the rows of a segment."""
    sizes, changed = (batch.column(name).to_numpy() for name in (_BYTES, _CHANGED))
    return ListedFiles(batch.column("name").to_pylist(), sizes, changed)


def iterate_paths(folder: str) -> Iterator[str]:
    """Yield the paths of the segments within an output folder, in order."""
    try:
        place = storage.within(folder, SEGMENTS)
    except ValueError:
        # A link leads out of the folder.
        return
    for name in sorted(folder_listing.iterate_names(place)):
        if _NAME.fullmatch(name):
            yield f"{SEGMENTS}/{name}"


def iterate_segments(folder: str) -> Iterator[tuple[str, pa.RecordBatch | None]]:
    """Yield the path of each segment, and its receipts; None if it is damaged.

    Raises:
        OSError: one cannot be read.
    """
    paths = list(iterate_paths(folder))
    with ThreadPoolExecutor(_THREADS) as threads:
        for first in range(0, len(paths), _THREADS):
            chosen = paths[first : first + _THREADS]
            read = threads.map(functools.partial(_read, folder), chosen)
            yield from zip(chosen, read, strict=True)


def _read(folder: str, path: str) -> pa.RecordBatch | None:
    place = storage.join(folder, path)
    try:
        content = storage.read_whole(place)
    except FileNotFoundError:
        return None
    return decode(content) if path == path_of(content) else None


def path_of(content: bytes) -> str:
    """Return the path of the segment that has some bytes."""
    return f"{SEGMENTS}/{sha256(content).hexdigest()}.arrow"


def encode(batch: pa.RecordBatch) -> bytes:
    """Return the bytes of a segment."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, SCHEMA, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decode(content: bytes) -> pa.RecordBatch | None:
    """Return the receipts of a segment; None if it does not have those of this release."""
    try:
        with pa.ipc.open_file(content) as reader:
            if reader.num_record_batches != 1 or not reader.schema.equals(SCHEMA):
                return None
            batch = reader.get_batch(0)
        check_rows(batch)
    except (pa.ArrowException, ValueError, OSError):
        return None
    return batch


def write(folder: str, batch: pa.RecordBatch) -> str:
    """Write a segment, and return its path.

    Raises:
        OSError: it cannot be written.
    """
    content = encode(batch)
    path = path_of(content)
    storage.write_bytes(folder, path, content)
    return path
