"""Make the table of the vectors that a job takes from earlier parts, before it embeds."""

import dataclasses
import itertools
import uuid
from collections.abc import Sequence

from pipeline.console import printing
from pipeline.job_context import JobContext
from pipeline.reusing.earlier_vectors import EarlierVectors, find_vectors
from transforms import escaping
from transforms.dedup.repeat_table import MAX_TABLE_BYTES
from transforms.reuse.gather_vectors import StoredVectors, VectorsOfPart, gather
from transforms.reuse.reused_vectors import ReuseConfig
from transforms.reuse.vector_table import table_folder


def with_table(context: JobContext) -> JobContext:
    """Return a job with the table of the vectors that it takes, or as it is if there are none.

    A line says why nothing is taken, if there are parts to take it from.

    Raises:
        ValueError: the folder of `reuse` has no job any more.
        OSError: a file cannot be read, or the table cannot be written.
    """
    found = find_vectors(context) if context.pending else None
    if found is None:
        return context
    obstacle = context.config.obstacle_to_reuse or _obstacle(found)
    if obstacle:
        _announce(found, f"no vector of {{}} is taken: {obstacle}")
        return context
    table = table_folder(context.config.output, uuid.uuid4().hex)
    parts = _within_memory(found.stored, found.parts, table)
    if len(parts) < len(found.parts):
        _announce(
            found,
            f"vectors are taken from {len(parts):,} of {len(found.parts):,} parts of "
            "{}: the others do not fit into the memory of workers",
        )
    gathered = gather(found.stored, parts, table)
    if gathered.damaged:
        _announce(found, f"no vector is taken from {len(gathered.damaged):,} damaged parts of {{}}")
    if not gathered.rows:
        return context
    reuse = ReuseConfig(table, len(context.module.vocabulary.tokens))
    return dataclasses.replace(context, reuse=reuse)


def _obstacle(found: EarlierVectors) -> str | None:
    if found.parts:
        return None
    return "its parts have no digests of documents" if found.without_digests else "it has none"


def _announce(found: EarlierVectors, line: str) -> None:
    folder = escaping.one_line(found.stored.folder)
    printing.announce(f"beam-bert: {line.format(folder)}")


def _within_memory(
    stored: StoredVectors, parts: Sequence[VectorsOfPart], table: str
) -> Sequence[VectorsOfPart]:
    """Return the parts whose vectors each worker may load; files of this machine are mapped."""
    if "://" not in table:
        return parts
    rows = itertools.accumulate(part.file.records for part in parts)
    most = MAX_TABLE_BYTES // stored.row_bytes
    return [part for part, count in zip(parts, rows, strict=True) if count <= most]
