"""Rows as Markdown, and their place in a page."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.results import Row, Spread

# What stands between them in a page is replaced.
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
_HEAD = (
    "| | documents/s | wordpieces/s | start-up s | peak MB | our float32 / it | our bfloat16 / it "
    "| least cosine | documents |\n|---|---|---|---|---|---|---|---|---|"
)


def markdown(rows: Sequence[Row], where: str) -> str:
    """Give the table, with where and when it was measured above it and the settings below it."""
    return "\n".join([where, "", _HEAD, *map(_line, rows), "", *_notes(rows)])


def _line(row: Row) -> str:
    cells = [
        row.label,
        _spread(row.documents_per_second),
        _spread(row.wordpieces_per_second),
        f"{row.startup.median:.1f}",
        f"{row.peak_mb.high:,.0f}",
        _times(row.times_float32),
        _times(row.times_bfloat16),
        f"{row.cosine:.5f}",
        f"{row.documents:,}",
    ]
    return f"| {' | '.join(cells)} |"


def _spread(spread: Spread) -> str:
    return f"{spread.median:,.0f} ({spread.low:,.0f} to {spread.high:,.0f})"


def _times(spread: Spread | None) -> str:
    if spread is None:
        return ""
    return f"{spread.median:.2f} ({spread.low:.2f} to {spread.high:.2f})"


def _notes(rows: Sequence[Row]) -> list[str]:
    told = (
        (row.label, ", ".join(f"{key} {value}" for key, value in row.details.items()))
        for row in rows
        if row.details
    )
    return [f"- {label}: {details}" for label, details in told]


def place(table: str, page: Path) -> None:
    """Put a table between the marks of a page; make the page of it where there is none."""
    text = page.read_text("utf-8") if page.is_file() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")


def check_page(page: Path) -> None:
    """Check that a page has the marks, before anything is measured for it.

    Raises:
        SystemExit: it has not.
    """
    text = page.read_text("utf-8") if page.is_file() else BEGIN + END
    if BEGIN not in text or END not in text.partition(BEGIN)[2]:
        raise SystemExit(f"{page} lacks the lines {BEGIN} and {END}, where the table goes")


def write_json(rows: Sequence[Row], about: Mapping[str, Any], path: Path) -> None:
    """Write all figures."""
    content = {**about, "rows": [dataclasses.asdict(row) for row in rows]}
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
