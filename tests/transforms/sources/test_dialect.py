import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sources.base import ReadConfig
from transforms.sources.dialect import Dialect, named_delimiter

CELLS = st.text('ab",;\\\n\t', max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=5)
DELIMITERS = st.sampled_from([",", ";", "\t", "|", "]", "^"])


@settings(deadline=None, max_examples=300)
@given(TABLES, DELIMITERS, st.booleans(), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_escaped_rows_of_the_standard_library_are_read_back(
    table: list[list[str]], delimiter: str, doubled: bool, quoting: int
) -> None:
    file = io.StringIO()
    how = {"doublequote": doubled, "escapechar": "\\", "quoting": quoting}
    csv.writer(file, delimiter=delimiter, lineterminator="\n", **how).writerows(table)
    dialect = Dialect(delimiter, escape="\\")
    lines = map(dialect.prepare, io.StringIO(file.getvalue(), newline="\n"))
    assert list(dialect.rows(lines)) == table


@settings(deadline=None, max_examples=300)
@given(TABLES, DELIMITERS)
def test_rows_without_quotes_of_the_standard_library_are_read_back(
    table: list[list[str]], delimiter: str
) -> None:
    table = [[cell.replace("\n", "n") for cell in row] for row in table]
    file = io.StringIO()
    how = {"escapechar": "\\", "quoting": csv.QUOTE_NONE, "lineterminator": "\n"}
    csv.writer(file, delimiter=delimiter, **how).writerows(table)
    dialect = Dialect(delimiter, has_quotes=False, escape="\\")
    lines = file.getvalue().splitlines(keepends=True)
    assert not any(map(dialect.is_open, lines))
    assert list(map(dialect.split, lines)) == table


@given(st.lists(st.text('ab",\\\t', max_size=6), min_size=1).map("\t".join))
def test_without_quotes_and_escapes_every_character_but_the_delimiter_is_text(line: str) -> None:
    fields = Dialect("\t", has_quotes=False).split(line + "\r\n")
    assert "\t".join(fields) == line
    assert fields == (line.split("\t") if line else [])


def test_an_escape_before_anything_else_is_text() -> None:
    dialect = Dialect(",", escape="\\")
    (row,) = dialect.rows([dialect.prepare('C:\\new,"a\\tb\\"",\\\\,\\,x\n')])
    assert row == ["C:\\new", 'a\\tb"', "\\", ",x"]
    plain = Dialect(",", has_quotes=False, escape="\\")
    assert plain.split('C:\\new,"a\\tb\\"",\\\\,\\,x\n') == ["C:\\new", '"a\\tb""', "\\", ",x"]


def test_an_escape_before_a_line_end_is_seen() -> None:
    dialect = Dialect(",", escape="\\")
    assert [dialect.is_open(line) for line in ("a\\\n", "a\\\\\r\n", "\\", "a\n", "")] == [
        *(True, False, True, False, False)
    ]
    assert not Dialect(",").is_open("a\\\n")


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [("sep=;\r\n", ";"), ('"sep=\t"\n', "\t"), ("SEP=|", "|"), ("sep=\n", None), ("sep=ab", None)],
)
def test_a_first_line_may_name_the_delimiter(line: str, delimiter: str | None) -> None:
    assert named_delimiter(line) == delimiter


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"csv_quoting": "all"}, "`csv_quoting` is 'all'; there are auto, minimal, none"),
        ({"csv_delimiter": "||"}, "`csv_delimiter` is '||'; give one character"),
        ({"csv_delimiter": ""}, "`csv_delimiter` is ''; give one character"),
        ({"csv_escape": '"'}, "`csv_escape` is '\"'; give one character, no quote"),
        ({"csv_escape": "\n"}, "no line end"),
        ({"csv_escape": "\\t", "csv_delimiter": "\t"}, "are both"),
    ],
)
def test_settings_that_are_no_dialect_are_refused(settings_: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        ReadConfig(**settings_)
