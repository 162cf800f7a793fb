"""The text of a manifest, part by part: as `json.dumps` with an indent of 1 writes it whole.

The encoder of `json` is twenty times slower where it indents, and a corpus may have a million
parts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

import msgspec

from pipeline.parts import part_texts
from pipeline.parts.joined_texts import glue, whole_text
from pipeline.parts.part_progress import Progress
from transforms.documents import FORMAT_VERSION
from transforms.receipts import Receipt, shares


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
    yield json.dumps(totals, indent=1).removesuffix("\n}")
    yield from _block("sources", "{", sources, "}")
    yield ',\n "parts": ['
    begin = "\n  "
    for block in progress.table.blocks(part_texts.COLUMNS):
        # A comma before each but the first.
        text = whole_text(glue(",\n  ", part_texts.texts_of(block)))
        yield begin + text[len(",\n  ") :]
        begin = ",\n  "
    yield "\n ]\n}"


def _block(name: str, begin: str, members: Iterable[str], end: str) -> Iterator[str]:
    """Yield the text of an object or array as `json.dumps` writes it, member by member."""
    yield f',\n "{name}": {begin}'
    comma = ""
    for member in members:
        yield f"{comma}\n  {member}"
        comma = ","
    yield f"\n {end}"


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
