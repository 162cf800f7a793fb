from pathlib import Path

import pytest

from benchmarks import pages
from tests.paths import ROOT


def test_a_table_replaces_the_table_between_the_marks_only(tmp_path: Path) -> None:
    page = tmp_path / "peers.md"
    page.write_text(f"above\n\n{pages.BEGIN}\nold\n{pages.END}\n\nbelow\n", "utf-8")
    for table in ("first", "second"):
        pages.place(table, page)
    assert page.read_text("utf-8") == (f"above\n\n{pages.BEGIN}\nsecond\n{pages.END}\n\nbelow\n")


def test_a_missing_page_is_created_with_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "peers.md"
    pages.check_page(page)
    pages.place("first", page)
    pages.check_page(page)
    pages.place("second", page)
    assert page.read_text("utf-8") == f"{pages.BEGIN}\nsecond\n{pages.END}\n"


@pytest.mark.parametrize("text", ["", pages.BEGIN, pages.END + pages.BEGIN])
def test_a_page_without_the_marks_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "peers.md"
    page.write_text(text, "utf-8")
    with pytest.raises(SystemExit, match=r"peers\.md lacks the lines"):
        pages.check_page(page)


@pytest.mark.parametrize("name", ["peers", "scaling"])
def test_the_pages_of_this_repository_have_the_marks(name: str) -> None:
    page = ROOT / "docs" / "decisions" / f"{name}.md"
    assert page.is_file()
    pages.check_page(page)
