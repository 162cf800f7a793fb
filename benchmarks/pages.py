"""Write tables of figures into pages."""

from collections.abc import Sequence
from pathlib import Path

# The table replaces the text between these marks.
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table.

    >>> print(table(["", "MB/s"], [["float32", "400"]]))
    |  | MB/s |
    |---|---|
    | float32 | 400 |
    """
    lines = [head, *rows]
    text = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(head), *text[1:]])


def place(table: str, page: Path) -> None:
    """Put a table between the marks of a page; create the page if it does not exist."""
    text = page.read_text("utf-8") if page.is_file() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")


def check_page(page: Path) -> None:
    """Check that a page has the marks, before anything is measured for it.

    Raises:
        SystemExit: a mark is missing.
    """
    text = page.read_text("utf-8") if page.is_file() else BEGIN + END
    if BEGIN not in text or END not in text.partition(BEGIN)[2]:
        raise SystemExit(f"{page} lacks the lines {BEGIN} and {END}, which surround the table")
