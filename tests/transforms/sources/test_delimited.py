import csv
import dataclasses
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.documents import Source, Split
from transforms.sources import base
from transforms.sources.base import ReadConfig

CONFIG = ReadConfig(id_field="id", keep_fields=("n:int64",))
# Any text that UTF-8 and a field can hold.
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def source(size: int = 1, name: str = "csv") -> Source:
    return Source(f"a.{name}", size, "1", name, whole=True)


def read(data: bytes, config: ReadConfig = CONFIG, name: str = "csv") -> dict[str, list]:
    parts = base.find(name).read(Split(source(), 0, None), io.BytesIO(data), config)
    columns: dict[str, list] = {}
    ends = [0]
    for part in parts:
        assert part.start == ends[-1]
        ends.append(part.end)
        for column, values in part.documents.to_pydict().items():
            columns.setdefault(column, []).extend(values)
    return columns


def test_quotes_hold_line_ends_delimiters_and_quotes() -> None:
    data = b'\xef\xbb\xbfid,text,n\r\n1,"a ""b"", c\nd",7\r\n2,e f, 8 \r\n3, g,\r\n'
    rows = read(data)
    assert rows["text"] == [b'a "b", c\nd', b"e f", b" g"]
    assert rows["id"] == ["1", "2", "3"]
    assert rows["fields.n"] == [7, 8, None]
    assert rows["position"] == [data.index(b"1,"), data.index(b"2,"), data.index(b"3,")]
    quoted = dataclasses.replace(CONFIG, csv_quoting="minimal")
    tabs = read(b'id\ttext\tn\n1\t"a\tb"\t2\n', quoted, name="tsv")
    assert (tabs["text"], tabs["fields.n"]) == ([b"a\tb"], [2])


TSV = ReadConfig(id_field="id")


@pytest.mark.parametrize("settings_", [{}, {"csv_quoting": "none"}])
def test_quotes_of_a_tsv_are_text(settings_: dict) -> None:
    texts = [b'"Open', b'and "closed" here', b'later"', b'"a" "b"', b'"', b'"all of it"', b"b\r c"]
    lines = [b"%d\t%s\n" % row for row in enumerate(texts)]
    data = b"id\ttext\n" + b"".join(lines)
    assert cut(data, TSV, "tsv")
    config = dataclasses.replace(TSV, **settings_)
    rows = read(data, config, "tsv")
    assert (rows["id"], rows["text"]) == (list("0123456"), texts)


def test_a_tsv_that_is_quoted_beyond_the_sample_is_rejected_with_the_remedy() -> None:
    data = b'id\ttext\n1\t"a\tb"\n2\t"a\nb"\n3\t"a ""b"" c"\n4\td\n'
    rows = read(data, TSV, "tsv")
    assert rows["reason"] == ["bad_csv", None, "bad_csv", "bad_csv", None]
    assert all("`csv_quoting` minimal reads" in rows["detail"][row] for row in (0, 2, 3))
    none = read(data, dataclasses.replace(TSV, csv_quoting="none"), "tsv")
    assert none["text"][3:] == [b'"a ""b"" c"', b"d"]
    quoted = read(data, dataclasses.replace(TSV, csv_quoting="minimal"), "tsv")
    assert quoted["text"] == [b"a\tb", b"a\nb", b'a "b" c', b"d"]


def test_quoted_fields_are_text_where_the_beginning_shows_that_quotes_are() -> None:
    data = b'id\ttext\n1\t5" disk\n2\t"a ""b"" c"\n'
    assert cut(data, TSV, "tsv")
    assert read(data, TSV, "tsv")["text"] == [b'5" disk', b'"a ""b"" c"']


def test_escapes_and_delimiters_are_those_that_are_given() -> None:
    config = ReadConfig(csv_escape="\\", csv_delimiter=";")
    data = b'id;text\n1;"say \\"a;b\\""\n2;C:\\dir\n3;c\\\n4;d\n'
    rows = read(data, config)
    assert rows["text"] == [b'say "a;b"', b"C:\\dir", b"", b"d"]
    assert rows["detail"][2] == "the row ends with an escape, and a field outside quotes holds " + (
        "no line end"
    )
    tabs = ReadConfig(csv_delimiter="\\t", csv_quoting="none")
    assert read(b'id\ttext\n1\t"a\n', tabs)["text"] == [b'"a']


def test_an_escaped_row_beyond_the_sample_is_rejected_with_the_remedy() -> None:
    rows = read(b'id,text\n1,"say \\"a\\""\n2,"a\\"",b\n', ReadConfig())
    assert rows["reason"] == ["bad_csv"] * 2
    assert all("`csv_escape` '\\\\' reads \\\"" in detail for detail in rows["detail"])


@pytest.mark.parametrize("given_", [None, ";"])
def test_a_first_line_that_names_the_delimiter_is_not_the_header(given_: str | None) -> None:
    data = b'\xef\xbb\xbfsep=;\r\nid;text\r\n1;"a;b"\r\n'
    config = ReadConfig(csv_delimiter=given_)
    assert cut(data, config)
    rows = read(data, config)
    assert (rows["text"], rows["position"]) == ([b"a;b"], [data.index(b"1;")])
    other = read(b"sep=;\nid,text\n1,a;b\n", ReadConfig(csv_delimiter=","))
    assert other["text"] == [b"a;b"]


def test_a_carriage_return_within_a_row_is_rejected_outside_quotes() -> None:
    rows = read(b'id,text\n1,"a\rb"\n1,a\r2,b\r\n3,c\n', ReadConfig())
    assert rows["text"] == [b"a\rb", b"", b"c"]
    assert rows["detail"][1].startswith("a carriage return outside quotes")


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_a_row_with_a_nul_is_rejected(name: str) -> None:
    data = f"text{base.find(name).dialect.delimiter}b\na\0{base.find(name).dialect.delimiter}b\n"
    assert read(data.encode(), ReadConfig(), name)["reason"] == ["not_utf8"]


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        (b'1,"open,2', "bad_csv", "a quote opens here that is not closed"),
        (b'1,"a"b,2', "bad_csv", "expected after"),
        (b"1,a", "bad_csv", "the row has 2 fields, the header 3"),
        (b"1", "bad_csv", "the row has 1 field, the header 3"),
        (b"", "empty", "the line is blank"),
        (b"1, ,2", "empty", "field 'text' has no text"),
        (b"1,a,b", "wrong_type", "holds 'b', no int64; `keep_fields` n:string keeps"),
        (b"1,a,99999999999999999999", "wrong_type", "no int64"),
        (b",a,2", "wrong_type", "field 'id' is no id"),
        (b"1,\xff,2", "not_utf8", "the row is not UTF-8"),
    ],
)
def test_a_bad_row_costs_its_first_line(row: bytes, reason: str, detail: str) -> None:
    rows = read(b"id,text,n\n" + row + b"\n2,sound,3\n4,too,5\n")
    assert rows["reason"] == [reason, None, None]
    assert detail in rows["detail"][0]
    assert rows["text"][1:] == [b"sound", b"too"]


def test_a_quote_that_is_never_closed_takes_no_more_memory_than_a_document_may() -> None:
    config = ReadConfig(part_bytes=1024, max_document_bytes=2000)
    data = b'text\n"' + b"line\n" * 10_000
    rows = read(data, config)
    assert rows["reason"] == ["bad_csv"] + [None] * 9_999
    assert rows["detail"][0] == "a quote opens here that is not closed"
    large = read(b"text\n" + b"x" * 5000 + b"\nb\n", config)
    assert large["reason"] == ["too_large", None]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=40), st.sampled_from(["\n", "\r\n"]))
def test_what_the_standard_library_writes_is_read_back(rows: list, end: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "other"), *rows])
    documents = read(file.getvalue().encode(), ReadConfig(part_bytes=1024, keep_fields=("other",)))
    if not rows:
        assert documents["text"] == []
        return
    assert [text.decode() for text in documents["text"]] == [t * bool(t.strip()) for t, _ in rows]
    expected = [other if text.strip() else None for text, other in rows]
    assert documents["fields.other"] == expected


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200).map(lambda data: data.replace(b"z", b'"')))
def test_any_bytes_are_read_to_their_end(data: bytes) -> None:
    rows = read(b"text\n" + data, ReadConfig(part_bytes=1024))
    assert len(rows["text"]) <= data.count(b"\n") + 1
    assert all(
        bool(text) != bool(why) for text, why in zip(rows["text"], rows["reason"], strict=True)
    )


def cut(data: bytes, config: ReadConfig, name: str = "csv") -> list[Split]:
    return base.find(name).cut(source(len(data), name), lambda: io.BytesIO(data), config)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"text_field": "body"}, "`text_field`: a.csv has no column 'body'; it has id, text, n, n"),
        ({"id_field": "key"}, "`id_field`: a.csv has no column 'key'"),
        ({"keep_fields": ("n:int64",)}, "`keep_fields`: a.csv has several columns 'n'"),
    ],
)
def test_a_column_that_is_not_there_is_told_before_the_job(settings_: dict, message: str) -> None:
    data = b"id,text,n,n\n1,a,2,3\n"
    with pytest.raises(ValueError, match=message):
        cut(data, ReadConfig(**settings_))
    assert cut(data, ReadConfig()) == [Split(source(len(data)), 0, None)]
    assert cut(b"", ReadConfig()) == []


@pytest.mark.parametrize(
    ("header", "name", "remedy"),
    [
        (b"id;text;n", "csv", "its separator looks like ';': `csv_delimiter` ';' reads it"),
        (b"a, b;text;n", "csv", "its separator looks like ';': `csv_delimiter` ';' reads it"),
        (b'"id"|"text"', "csv", r"its separator looks like '\|': `csv_delimiter` '\|' reads it"),
        (b"id\ttext\tn", "csv", r"its separator looks like '\\t': `csv_delimiter` '\\t' reads it"),
        (b'"id"\t"text"', "tsv", "its names are in quotes: `csv_quoting` minimal reads them"),
        (b"id^text^n", "csv", r"its separator looks like '\^': `csv_delimiter` '\^' reads it"),
        (
            b"text\x01n",
            "csv",
            r"its separator looks like '\\x01': `csv_delimiter` '\\x01' reads it",
        ),
        (b'"text"~"n"', "csv", "its separator looks like '~': `csv_delimiter` '~' reads it"),
        (b"id,text,n", "tsv", "its separator looks like ',': `input_format` csv reads it"),
    ],
)
def test_another_separator_is_told_with_the_remedy(header: bytes, name: str, remedy: str) -> None:
    data = header + b"\n1\n"
    with pytest.raises(ValueError, match=f"(has no column 'text'|is not a header: ).*; {remedy}"):
        base.find(name).cut(source(len(data), name), lambda: io.BytesIO(data), ReadConfig())


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("header", ["text{}id", '"text"{}"id"'])
def test_a_byte_order_mark_does_not_belong_to_the_first_name(
    name: str, delimiter: str, header: str
) -> None:
    line = header.format(delimiter)
    data = f"\ufeff{line}\na{delimiter}1\n".encode()
    config = ReadConfig(id_field="id", csv_quoting="minimal")
    (split,) = base.find(name).cut(source(len(data), name), lambda: io.BytesIO(data), config)
    (part,) = base.find(name).read(split, io.BytesIO(data), config)
    assert part.documents.column("text").to_pylist() == [b"a"]


def test_a_second_byte_order_mark_is_reported() -> None:
    twice = "\ufeff\ufefftext,id\na,1\n".encode()
    with pytest.raises(ValueError, match=r"first column is .*: a byte order mark belongs to its"):
        cut(twice, ReadConfig())


def test_a_column_that_is_missing_says_nothing_of_separators() -> None:
    with pytest.raises(ValueError, match=r"it has a;b$"):
        cut(b"a;b\n1;2\n", ReadConfig())
    with pytest.raises(ValueError, match=r"a.csv: its first line is not a header: .* not closed$"):
        cut(b'a,"b\n1;2\n', ReadConfig())


def sample(data: bytes, *kept: str, end: int | None = 1 << 16) -> base.SampledFields:
    config = ReadConfig(part_bytes=1024, keep_fields=kept)
    return base.find("csv").sample_fields(Split(source(), 0, end), io.BytesIO(data), config)


def test_types_are_those_of_the_first_rows() -> None:
    rows = [
        b"text,year,price,zip,mixed,flag,none",
        b"a,1999,-0.50,007,1,true,",
        b'"b\nb", 2004 ,12,123,1.5,false, ',
        b"cut,x",
        b"\xff,2005,13.25,12,2,true,",
    ]
    names = ("year", "price", "zip", "mixed", "flag", "none")
    sampled = sample(b"\n".join(rows), *names)
    assert sampled.names == ("text", *names)
    assert sampled.types == ("int64", "float64", "string", "float64", "string", "")


def test_no_more_is_looked_at_than_the_beginning() -> None:
    data = b"text,n\n" + b"a,1\n" * 1000 + b"a,x\n"
    assert sample(data, "n", end=100).types == ("int64",)
    assert sample(data, "n", end=None).types == ("int64",)
    assert sample(data, "n").types == ("string",)
    assert sample(b"", "n")[:2] == ((), ("",))


def test_a_pair_separator_is_refused() -> None:
    with pytest.raises(ValueError, match="`pair_separator` is for plain text"):
        base.find("csv").check(ReadConfig(pair_separator="|"))
