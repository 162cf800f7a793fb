"""Files of another dialect are refused by their beginning; files that only look so are not."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.documents import Source
from transforms.sources import base
from transforms.sources.base import ReadConfig


def problem(data: str, name: str, **settings_: str | None) -> str:
    source = Source(f"a.{name}", len(data.encode()), "1", name, whole=True)
    try:
        base.find(name).cut(source, lambda: io.BytesIO(data.encode()), ReadConfig(**settings_))
    except ValueError as error:
        return str(error)
    return ""


PLAIN = {
    "unpaired quotes": '1\t"Hello, he said.\t1\n2\tShe went.\t0\n3\tand then: no"\t1\n',
    "a quotation in quotes": '1\t"All of it."\t1\n2\tnot so\t0\n',
    "quotes of Penn Treebank": "1\t`` he said '' \"\" and\t0\n",
    "quotes within": '1\t"Hello," he said, "bye"\t1\n2\t""a"" b\t0\n',
    "broken rows": '1\ta\n2\tb"\t1\n3\t"c\t1\t2\n4\t"d"\t1\n',
    "an empty field in quotes": '1\ta\t""\n2\tb\t""\n',
    "blank lines": '1\t"a\t1\n\n2\tb"\t1\n',
    "no rows": "",
    "no more that quotes than not": '1\t"a ""b"" c"\t1\n2\t5" disk\t1\n',
    "opened in a column before the last": '1\t"a\t0\n2\t"a ""b"" c"\t1\n',
    "closed in a column after the first": '1\ta"\t0\n2\t"a ""b"" c"\t1\n',
    "a lone quote in quotes": '1\t"a" b"\t0\n2\t"a ""b"" c"\t1\n',
    "all texts in quotes, not all doubled": '1\t"a" b"\t1\n2\t"b" "c"\t1\n',
}
QUOTED = {
    "a tab": '1\t"a\tb"\t1\n',
    "a line end": '1\t"a\nb"\t1\n2\tc\t1\n',
    "line ends": '1\ta\t1\n1\t"a\n\n\nb\n"\t1\n',
    "a line end in the last column": '1\ta\t"b\nc"\n',
    "doubled quotes": '1\ta\t1\n2\t"a ""b"" c"\t1\n',
    "escaped quotes": '1\ta\t1\n2\t"a \\"b\\" c"\t1\n',
    "one quote": '1\t""""\t1\n',
    "more that quotes than not": '1\t"a ""b"" c"\t1\n2\t5" disk\t1\n3\t"a\nb"\t1\n',
    "a backslash before a quote": '1\ta\t1\n2\t"a ""b"" c"\t1\n3\t"\\"""\t1\n',
    "all texts": '1\t"a"\t1\n2\t"b"\t1\n',
}


@pytest.mark.parametrize("what", PLAIN)
def test_quotes_that_are_text_are_not_refused(what: str) -> None:
    assert problem("id\ttext\tlabel\n" + PLAIN[what], "tsv") == ""


@pytest.mark.parametrize("what", QUOTED)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_quoted_tsv_is_refused_with_both_remedies(what: str, end: str) -> None:
    data = ("id\ttext\tlabel\n" + QUOTED[what]).replace("\n", end)
    why = problem(data, "tsv")
    assert "is quoted as in CSV: `csv_quoting` minimal reads that, none takes quotes as" in why
    assert problem(data, "tsv", csv_quoting="none") == ""
    escape = "\\" if what == "escaped quotes" else None
    assert problem(data, "tsv", csv_quoting="minimal", csv_escape=escape) == ""


CELLS = st.text('ab "\t\n,', max_size=5)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_a_quoted_tsv_is_refused_or_every_line_of_it_is_a_row(rows: list) -> None:
    """Unless a field with tabs and line ends imitates rows, each of its texts is read or named."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t", lineterminator="\n")
    writer.writerows([("text", "b"), *rows])
    data = file.getvalue()
    if problem(data, "tsv"):
        return
    source = Source("a.tsv", len(data), "1", "tsv", whole=True)
    (split,) = base.find("tsv").cut(source, lambda: io.BytesIO(data.encode()), ReadConfig())
    (part,) = base.find("tsv").read(split, io.BytesIO(data.encode()), ReadConfig())
    lines = data.split("\n")[1:-1]
    read = part.documents.to_pydict()
    for line, text, reason in zip(lines, read["text"], read["reason"], strict=True):
        if reason is None:
            assert line.count("\t") == 1
            assert line.startswith(text.decode() + "\t")


def test_a_quoted_tsv_of_one_column_is_refused_if_all_of_it_is_sound() -> None:
    assert "`csv_quoting` minimal reads" in problem('text\n"a\nb"\nc\n', "tsv")
    assert problem('text\n"a\nb" c\nc\n', "tsv") == ""
    assert problem('text\n"a\nb"\n"c," he said\n', "tsv") == ""
    assert problem('text\n"a\nb\n', "tsv") == ""


ESCAPED = {
    "a word": '1,"say \\"a\\" b"\n',
    "all of it": '1,"\\"a\\""\n2,b\n',
    "with a comma": '1,"say \\"a, b\\""\n',
    "with a line end": '1,"say \\"a\nb\\" c"\n2,c\n',
    "outside quotes": '1,say \\"a\\" b\n2,"a, b"\n',
}
UNESCAPED = {
    "JSON in doubled quotes": '1,"{""a"": ""x\\""y""}"\n',
    "a path": '1,"C:\\"\n2,C:\\\n',
    "broken in any case": '1,"a" b\\"\n',
    "none": "1,a\\b\n",
    "accents": '1,G\\"odel and Erd\\"os\n2,\\"Uber G\\"odel\n',
    "a lone quote too": '1,say \\"a\\" b\n2,5" disk\n',
    "a path after a delimiter": '1,"a, C:\\"\n2,b\n',
}


@pytest.mark.parametrize("what", ESCAPED)
def test_escaped_quotes_are_refused_with_the_remedy(what: str) -> None:
    data = "id,text\n" + ESCAPED[what]
    assert r"its quotes are escaped, as Spark does it: `csv_escape` '\\' reads" in problem(
        data, "csv"
    )
    assert problem(data, "csv", csv_escape="\\") == ""


@pytest.mark.parametrize("what", UNESCAPED)
def test_backslashes_that_are_text_are_not_refused(what: str) -> None:
    assert problem("id,text\n" + UNESCAPED[what], "csv") == ""
