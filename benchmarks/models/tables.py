"""Write comparisons as a table."""

from collections.abc import Sequence

from benchmarks import pages
from benchmarks.models.cases import Case
from benchmarks.models.comparing import Comparison

_HEAD = ("", "computed", "pooled_output", "tokens", "sentence", "bfloat16", "other ids")


def markdown(cases: Sequence[Case], comparisons: Sequence[Comparison]) -> str:
    """Return a table of the models that are loaded, and a list of those that are refused."""
    rows = list(zip(cases, comparisons, strict=True))
    table = pages.table(_HEAD, [_cells(*row) for row in rows if not row[1].refused])
    refused = [f"- {case.label}: {row.refused}" for case, row in rows if row.refused]
    notes = [f"- {case.label}: {note}" for case, row in rows for note in row.notes]
    parts = [table]
    if refused:
        parts += ["", "Refused:", "", *refused]
    if notes:
        parts += ["", "Not computed:", "", *notes]
    return "\n".join(parts)


def _cells(case: Case, row: Comparison) -> list[str]:
    return [
        case.label,
        row.computed,
        *(_number(value) for value in (row.pooled, row.tokens, row.sentence)),
        "" if row.cosine is None else f"{row.cosine:.5f}",
        "" if row.ids is None else str(row.ids),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0e}"
