"""The text of a manifest, part by part: as `json.dumps` with an indent of 1 writes it whole.

The encoder of `json` is twenty times slower where it indents, and a corpus may have a million
parts.
"""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

import msgspec
import pyarrow as pa

from pipeline.parts.packed_text import unpack_hash, unpack_path
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_columns import COUNTS, names_in, names_of
from transforms.documents import FORMAT_VERSION
from transforms.receipts import Receipt, shares

_COLUMNS = ("name", "source", "start", "end", COUNTS, names_of(COUNTS), "files")
_PART = (
    '{\n   "name": %s,\n   "source": %s,\n   "start": %d,\n   "end": %d,\n   "counts": %s,\n'
    '   "files": %s\n  }'
)
_FILE = '{\n     "path": %s,\n     "records": %d,\n     "bytes": %d,\n     "sha256": %s\n    }'


def manifest_text(
    progress: Progress, run_fingerprint: str, history: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yield the text of the manifest of a complete job, piece by piece.

    Args:
        progress: of the job.
        run_fingerprint: see `run_file.Run`.
        history: the entry on the generation; None for the first one.
    """
    totals = totals_entry(progress, run_fingerprint, history)
    sources = (
        f"{quoted(source)}: {_indented_numbers(source_entry(of_source), 3)}"
        for source, of_source in progress.by_source.items()
    )
    parts = (text for block in progress.table.blocks(_COLUMNS) for text in _part_texts(block))
    yield json.dumps(totals, indent=1).removesuffix("\n}")
    yield from _block("sources", "{", sources, "}")
    yield from _block("parts", "[", parts, "]")
    yield "\n}"


def _block(name: str, begin: str, members: Iterable[str], end: str) -> Iterator[str]:
    """Yield the text of an object or array as `json.dumps` writes it, member by member."""
    yield f',\n "{name}": {begin}'
    comma = ""
    for member in members:
        yield f"{comma}\n  {member}"
        comma = ","
    yield f"\n {end}"


def _part_texts(block: pa.RecordBatch) -> Iterator[str]:
    """Yield the entry of each part of a block."""
    sources = block.column("source").cast(pa.string()).to_pylist()
    columns = (block.column(name).to_pylist() for name in ("name", "start", "end"))
    texts = zip(*columns, sources, _counts_texts(block), _files_texts(block), strict=True)
    for name, start, end, source, counts, files in texts:
        yield _PART % (quoted(name), quoted(source), start, end, counts, files)


def _counts_texts(block: pa.RecordBatch) -> Iterator[str]:
    column = block.column(COUNTS)
    offsets, values = column.offsets.to_pylist(), column.values.to_pylist()
    shapes = block.column(names_of(COUNTS)).cast(pa.string()).to_pylist()
    for shape, begin, end in zip(shapes, offsets, offsets[1:], strict=False):
        yield _counts_format(shape) % tuple(values[begin:end])


@functools.lru_cache(1000)
def _counts_format(shape: str) -> str:
    """Return the format of counts with some names."""
    lines = (f"\n    {quoted(name).replace('%', '%%')}: %d" for name in names_in(shape))
    return f"{{{','.join(lines)}\n   }}"


def _files_texts(block: pa.RecordBatch) -> Iterator[str]:
    column = block.column("files")
    offsets = column.offsets.to_pylist()
    paths, records, sizes, hashes = (child.to_pylist() for child in column.values.flatten())
    names = block.column("name").to_pylist()
    for name, begin, end in zip(names, offsets, offsets[1:], strict=False):
        files = (
            _FILE
            % (
                quoted(unpack_path(paths[row], name)),
                records[row],
                sizes[row],
                quoted(unpack_hash(hashes[row])),
            )
            for row in range(begin, end)
        )
        lines = ",".join(f"\n    {file}" for file in files)
        yield f"[{lines}\n   ]" if lines else "[]"


def _indented_numbers(value: Mapping[str, Any], depth: int) -> str:
    """Return the text of an object of numbers, and of objects of numbers."""
    members = (
        f"{quoted(name)}: "
        f"{_indented_numbers(one, depth + 1) if isinstance(one, dict) else repr(one)}"
        for name, one in value.items()
    )
    separator = ",\n" + " " * depth
    return f"{{{separator[1:]}{separator.join(members)}{separator[1:-1]}}}"


def totals_entry(
    progress: Progress, run_fingerprint: str, history: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the fields of the manifest of a job before its sources and parts."""
    counts = progress.counts()
    return {
        "format_version": FORMAT_VERSION,
        **({} if history is None else {"history": history}),
        "run_fingerprint": run_fingerprint,
        "counts": counts,
        "shares": shares(counts),
        "reasons": progress.reasons(),
    }


def source_entry(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the entry of a file in the manifest, from the sums of its parts."""
    return {**counts, "shares": shares(counts)}


def part_entry(receipt: Receipt) -> dict[str, Any]:
    """Return the entry of a part in the manifest."""
    part = {key: getattr(receipt, key) for key in ("name", "source", "start", "end", "counts")}
    return part | {"files": [msgspec.structs.asdict(file) for file in receipt.files]}
