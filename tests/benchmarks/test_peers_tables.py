from pathlib import Path

import pytest

from benchmarks.peers import tables
from benchmarks.peers.results import Row, Spread


def row(times: Spread | None) -> Row:
    rate = Spread(12345.6, 12000.0, 13000.0)
    return Row(
        name="other",
        label="another",
        precision="float32",
        documents=2000,
        documents_per_second=Spread(201.4, 190.0, 210.0),
        wordpieces_per_second=rate,
        startup=Spread(5.0, 4.0, 6.0),
        peak_mb=Spread(900.0, 800.0, 1000.0),
        times_float32=times,
        times_bfloat16=None,
        cosine=0.99996,
        details={"batch": 64},
    )


def test_a_row_becomes_a_line_of_the_table_and_a_note() -> None:
    lines = tables.markdown([row(Spread(1.5, 1.4, 1.6))], "here").splitlines()
    assert lines[0] == "here"
    assert (
        "| another | 201 (190 to 210) | 12,346 (12,000 to 13,000) | 5.0 | 1,000 "
        "| 1.50 (1.40 to 1.60) |  | 0.99996 | 2,000 |"
    ) in lines
    assert lines[-1] == "- another: batch 64"
    columns = {line.count("|") for line in lines if line.startswith("|")}
    assert len(columns) == 1


def test_a_table_replaces_the_one_before_it_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "peers.md"
    page.write_text(f"above\n\n{tables.BEGIN}\nold\n{tables.END}\n\nbelow\n", "utf-8")
    for table in ("first", "second"):
        tables.place(table, page)
    assert page.read_text("utf-8") == (f"above\n\n{tables.BEGIN}\nsecond\n{tables.END}\n\nbelow\n")


def test_a_table_without_a_page_makes_one_that_takes_the_next(tmp_path: Path) -> None:
    page = tmp_path / "peers.md"
    tables.check_page(page)
    tables.place("first", page)
    tables.check_page(page)
    tables.place("second", page)
    assert page.read_text("utf-8") == f"{tables.BEGIN}\nsecond\n{tables.END}\n"


@pytest.mark.parametrize("text", ["", tables.BEGIN, tables.END + tables.BEGIN])
def test_a_page_without_the_marks_is_refused_before_anything_is_measured(
    text: str, tmp_path: Path
) -> None:
    page = tmp_path / "peers.md"
    page.write_text(text, "utf-8")
    with pytest.raises(SystemExit, match=r"peers\.md lacks the lines"):
        tables.check_page(page)


def test_the_page_of_this_repository_has_the_marks() -> None:
    page = Path(__file__).parents[2] / "docs" / "decisions" / "peers.md"
    assert page.is_file()
    tables.check_page(page)
