import bz2
import gzip

import pyarrow as pa
import pytest
from backports import zstd

from transforms.io import tfrecord_framing
from transforms.io.decompressing import ENDINGS
from transforms.sources import base, detecting


@pytest.mark.parametrize("name", base.names())
@pytest.mark.parametrize("ending", ["", *ENDINGS])
def test_every_ending_shows_the_format(name: str, ending: str) -> None:
    for own_ending in base.find(name).endings:
        path = f"gs://some.where/b{own_ending}{ending}".upper()
        assert detecting.by_name(path) == (name, ENDINGS.get(ending, "none"))


@pytest.mark.parametrize("path", ["", "x.jsonl/part-0", "x.jsonl.bak", ".gz", "txt", "b.log"])
def test_other_names_show_no_format(path: str) -> None:
    assert detecting.by_name(path) == (None, "gzip" if path == ".gz" else "none")


CONTENTS = {
    "text": b"a line\nanother\n",
    "jsonl": b'\xef\xbb\xbf {"text": "a"}\n',
    "parquet": b"PAR1....",
    "tfrecord": tfrecord_framing.frame(pa.array([b"anything"], pa.large_binary())),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_without_a_known_ending_is_detected_by_its_content(name: str) -> None:
    content = CONTENTS[name]
    assert detecting.by_content(content, "none") == (name, "none")
    for pack, compression in ((gzip, "gzip"), (bz2, "bzip2"), (zstd, "zstd")):
        assert detecting.by_content(pack.compress(content), "none") == (name, compression)
        assert detecting.by_content(pack.compress(content), compression) == (name, compression)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"id,text\n1,a\n", "csv"),
        (b'\xef\xbb\xbf"id","text","a, b"\r\n', "csv"),
        (b"text\tid\n", "tsv"),
        (b"text\na\n", "text"),
        (b"id,body\n", "text"),
        (b"text, and more of it\n", "text"),
        (b"some text, and text\n", "text"),
        (b"text,,id\n", "text"),
        (b"text,id,text\n", "text"),
        (b"a line\nid,text\n", "text"),
        (b"\n", "text"),
        (b"id\ttext\r1\ta\r", "tsv"),
        (b"id;text\n1;a\n", "csv"),
        (b"id|text\n1|a\n", "csv"),
        (b"sep=;\r\nid;text\r\n", "csv"),
        (b"sep=;\r\n", "text"),
        (b"text,\rid\n", "text"),
    ],
)
def test_a_first_line_with_the_field_of_the_text_is_a_header(content: bytes, name: str) -> None:
    assert detecting.by_content(content, "none", text_field="text") == (name, "none")
    assert detecting.by_content(gzip.compress(content), "none", text_field="text") == (name, "gzip")
    assert detecting.by_content(content, "none") == ("text", "none")


def test_a_header_with_a_brace_or_a_nul_is_not_a_table() -> None:
    assert detecting.by_content(b"{id,text\n", "none", text_field="text") == ("jsonl", "none")
    assert detecting.by_content(b"id,text\n\0", "none", text_field="text") == (None, "none")


def test_text_in_another_encoding_is_decoded_to_detect_its_format() -> None:
    for text, name in (("id,text\n", "csv"), ('{"text": "a"}', "jsonl"), ("a", "text")):
        assert detecting.by_content(text.encode("utf-16"), "none", "utf-16", "text")[0] == name
    assert detecting.by_content("id,text\n".encode("utf-16"), "none")[0] == "text"
    assert detecting.by_content(b"latin", "none", "utf-16")[0] == "text"
    assert detecting.by_content("a".encode("utf-16-le"), "none")[0] == "text"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\x14\0"])
def test_content_with_a_nul_and_no_magic_bytes_has_no_format(content: bytes) -> None:
    assert detecting.by_content(content, "none") == (None, "none")


def test_empty_and_damaged_heads_are_text() -> None:
    assert detecting.by_content(b"", "none") == ("text", "none")
    assert detecting.by_content(b"\x1f\x8bgarbage", "none") == ("text", "gzip")
