"""Write the rows as Markdown and as JSON."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.results import Row
from benchmarks.spread import Spread

_HEAD = (
    "| | documents/s | wordpieces/s | start-up s | peak MB | our float32 / it | our bfloat16 / it "
    "| smallest cosine | of 10 neighbors | documents |\n|---|---|---|---|---|---|---|---|---|---|"
)


def markdown(rows: Sequence[Row], where: str) -> str:
    """Return the table, with place and date above it and the settings below it."""
    return "\n".join([where, "", _HEAD, *map(_line, rows), "", *_notes(rows)])


def _line(row: Row) -> str:
    cells = [
        row.label,
        row.documents_per_second.to_text(),
        row.wordpieces_per_second.to_text(),
        f"{row.startup.median:.1f}",
        f"{row.peak_mb.high:,.0f}",
        _times(row.times_float32),
        _times(row.times_bfloat16),
        f"{row.likeness.cosine:.5f}",
        f"{row.likeness.neighbors:.3f}",
        f"{row.documents:,}",
    ]
    return f"| {' | '.join(cells)} |"


def _times(spread: Spread | None) -> str:
    return "" if spread is None else spread.to_text(2)


def _notes(rows: Sequence[Row]) -> list[str]:
    settings = (
        (row.label, ", ".join(f"{key} {value}" for key, value in row.details.items()))
        for row in rows
        if row.details
    )
    return [f"- {label}: {details}" for label, details in settings]


def write_json(rows: Sequence[Row], about: Mapping[str, Any], path: Path) -> None:
    """Write all figures."""
    content = {**about, "rows": [dataclasses.asdict(row) for row in rows]}
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
