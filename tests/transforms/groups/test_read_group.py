"""The documents of small files that are read together are those of the files one by one."""

import bz2
import dataclasses
import gzip
import io
import itertools
import json
import threading
import time
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.transforms.groups.groups import (
    Contents,
    plan_alone,
    plan_together,
    read_one,
    read_parts,
    rows_of,
)
from transforms.documents import Source, Split, header_of
from transforms.groups.grouping import group_of
from transforms.groups.opened_files import GroupStreams, MemberError, open_each
from transforms.groups.read_group import read_group
from transforms.io.watching import StorageError
from transforms.sources.base import ReadConfig

PLAIN = ReadConfig(part_bytes=4096, max_document_bytes=60)
RECORDS = ReadConfig(
    part_bytes=4096, max_document_bytes=60, id_field="id", keep_fields=("k:string",)
)
COMPOSED = dataclasses.replace(RECORDS, text_template="{text} ({k})", template_missing="empty")
UTF16 = ReadConfig(part_bytes=4096, encoding="utf-16-le")

values = st.sampled_from(["one", "two words", "", " ", "ä", "x" * 58, "\r", "a\rb", "\ufeff", "\0"])
records = st.fixed_dictionaries({"text": values}, optional={"id": values, "k": values})
lines = st.one_of(
    values.map(str.encode),
    records.map(lambda record: json.dumps(record).encode()),
    records.map(lambda record: ",".join(record.values()).encode()),
    st.sampled_from([b"\xff", b"{", b"[]", b'"', b"id,text,k", b"x" * 70]),
)
ends = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r", b""])
plain_contents = st.builds(
    lambda mark, pairs, last: mark + b"".join(itertools.chain(*pairs)) + last,
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(lines, ends), max_size=4),
    lines,
).filter(bool)
tables = st.lists(records, max_size=3).map(
    lambda rows: b"id,text,k\n" + b"".join(f"{len(rows)},{r['text']},k\n".encode() for r in rows)
)
ENDINGS = {".txt": plain_contents, ".jsonl": plain_contents, ".csv": tables, ".tsv": plain_contents}


@st.composite
def corpora(draw: st.DrawFn) -> dict[str, bytes]:
    contents = {}
    for number in range(draw(st.integers(1, 7))):
        ending = draw(st.sampled_from([".txt", ".txt", ".jsonl", ".jsonl", ".csv"]))
        content = draw(ENDINGS[ending])
        pack = draw(st.sampled_from(["", "", "", ".gz", ".bz2"]))
        packed = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[pack](content)
        if pack and draw(st.integers(0, 5)) == 0:
            packed = packed[: len(packed) // 2 + 1]
        contents[f"in/{number}{ending}{pack}"] = packed
    return contents


def assert_same_documents(contents: Contents, config: ReadConfig, format_: str | None) -> None:
    alone = plan_alone(contents, config, format_)
    together = plan_together(contents, config, format_)
    assert [file for split in together for file in split.files] == [s.source for s in alone]
    expected = rows_of(read_parts(alone, contents, config))
    parts = read_parts(together, contents, config)
    assert rows_of(parts) == expected
    for split in together:
        headers = [header_of(part) for part in read_one(split, contents, config)]
        assert [header.last for header in headers] == [False] * (len(headers) - 1) + [True]
        assert [header.start for header in headers[1:]] == [header.end for header in headers[:-1]]
        assert not split.is_one_part or [(headers[0].start, headers[0].end)] == [(0, split.end)]


@settings(deadline=None, max_examples=200)
@given(corpora(), st.sampled_from(["text", "jsonl", None]))
@example({"a.txt": b"no line end", "b.txt": b"\xef\xbb\xbfmarked\n", "c.txt": b"x" * 60}, None)
def test_documents_are_those_of_each_file_alone(contents: Contents, format_: str | None) -> None:
    only = {path: content for path, content in contents.items() if ".csv" not in path}
    assert_same_documents(contents if format_ is None else only, PLAIN, format_)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(corpora(), st.sampled_from([RECORDS, COMPOSED]))
def test_ids_and_kept_fields_are_those_of_each_file_alone(
    contents: Contents, config: ReadConfig
) -> None:
    only = {path: content for path, content in contents.items() if ".txt" not in path}
    assert_same_documents(only or {"a.jsonl": b"{}\n", "b.jsonl": b"{}"}, config, None)


@settings(deadline=None, max_examples=60)
@given(st.lists(values, min_size=2, max_size=5), st.sampled_from(["text", "files"]))
def test_other_encodings_are_those_of_each_file_alone(texts: list[str], format_: str) -> None:
    contents = {f"{n}.md": f"{text}\nx".encode("utf-16-le") for n, text in enumerate(texts)}
    assert_same_documents(contents, UTF16, format_)


@settings(deadline=None, max_examples=60)
@given(corpora())
def test_whole_files_are_those_of_each_file_alone(contents: Contents) -> None:
    assert_same_documents(contents, PLAIN, "files")


@pytest.mark.slow
def test_parquet_files_are_those_of_each_file_alone() -> None:
    config = ReadConfig(part_bytes=1 << 20, id_field="id")
    contents = {}
    for number in range(5):
        rows = [f"{number}-{row}" for row in range(number + 1)]
        sink = io.BytesIO()
        pq.write_table(pa.table({"text": rows, "id": rows}), sink)
        contents[f"{number}.parquet"] = sink.getvalue()
    contents["a.jsonl"] = contents["b.jsonl"] = b'{"text": "a", "id": "b"}\n'
    assert_same_documents(contents, config, None)
    group = plan_together(contents, config)[0]
    assert (len(group.members), group.is_one_part) == (5, False)


def test_a_part_ends_once_its_texts_have_the_bytes_of_a_part() -> None:
    """So memory stays bounded, whatever small files unpack to."""
    config = ReadConfig(part_bytes=1 << 16)
    contents = {f"{n}.txt.gz": gzip.compress(b"x" * 20_000 + b"\n") for n in range(10)}
    contents["9.txt.gz"] = gzip.compress(b"y" * 99 + b"\n" + b"z\n" * 100_000)
    (split,) = plan_together(contents, config)
    assert split.end is None
    parts = read_parts([split], contents, config)
    assert [len({row["source"] for row in rows_of([part])}) for part in parts][:3] == [4, 4, 2]
    assert all(part.num_rows < 70_000 for part in parts)
    assert len({header_of(part).key for part in parts}) == len(parts) > 5
    # The same parts again: nothing but the content decides.
    again = read_parts([split], contents, config)
    assert [header_of(part).key for part in again] == [header_of(part).key for part in parts]


def files(number: int) -> list[Source]:
    return [Source(f"{n}.txt", 2, "1", "text") for n in range(number)]


def test_a_file_that_cannot_be_read_is_named() -> None:
    def open_(file: Source) -> BinaryIO:
        if file.path == "2.txt":
            raise StorageError("no answer")
        return io.BytesIO(b"a\n")

    with pytest.raises(MemberError, match="no answer") as error:
        list(read_group(group_of(files(4)), GroupStreams(open_), PLAIN))
    assert error.value.path == "2.txt"


def remote(number: int, size: int = 2) -> list[Source]:
    return [Source(f"s3://b/{n}.txt", size, "1", "text") for n in range(number)]


def test_remote_files_are_read_ahead_in_order() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def open_(file: Source) -> BinaryIO:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1
        return io.BytesIO(file.path[7:8].encode() + b"\n")

    sources = remote(9)
    contents = [stream.read() for stream in open_each(sources, GroupStreams(open_))]
    assert contents == [f"{number}\n".encode() for number in range(9)]
    assert most > 1


def test_what_is_read_ahead_is_bounded() -> None:
    opened: list[str] = []

    def open_(file: Source) -> BinaryIO:
        opened.append(file.path)
        return io.BytesIO(b"")

    sources = [*remote(100, 0), *remote(1, 1 << 30)]
    streams = open_each(sources, GroupStreams(open_))
    next(streams)
    streams.close()
    assert len(opened) <= 33
    assert len(list(open_each(sources, GroupStreams(open_)))) == 101


def test_a_remote_file_that_cannot_be_read_is_named() -> None:
    def open_(file: Source) -> BinaryIO:
        if file.path == "s3://b/1.txt":
            raise StorageError("no answer")
        return io.BytesIO(b"a\n")

    streams = open_each(remote(3), GroupStreams(open_))
    assert next(streams).read() == b"a\n"
    with pytest.raises(MemberError, match="no answer") as error:
        next(streams)
    assert error.value.path == "s3://b/1.txt"


def test_the_line_of_a_group_survives() -> None:
    group = group_of(
        [Source("a.md", 3, "1.0", "files"), Source("b.csv", 4, "2", "csv", whole=True)]
    )
    assert Split.from_json(group.to_json()) == group
    assert group.end == 7
