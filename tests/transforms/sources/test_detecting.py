import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io import tfrecord_framing
from transforms.io.decompressing import ENDINGS
from transforms.sources import base, detecting
from transforms.sources.base import ReadConfig
from transforms.sources.encodings import encoding_of

TFRECORD = tfrecord_framing.frame(pa.array([b"anything"], pa.large_binary()))
PACKS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstd.compress,
    "xz": lzma.compress,
}


def identify(
    content: bytes, path: str = "a", requested: str | None = None, **settings: object
) -> tuple[str, str]:
    config = ReadConfig(**settings)
    return detecting.identify(path, io.BytesIO(content), config, requested)[:2]


def refusal(content: bytes, path: str = "a", **settings: object) -> str:
    with pytest.raises(ValueError, match=f"^`input` {path} ") as caught:
        identify(content, path, **settings)
    return str(caught.value).removeprefix(f"`input` {path} ")


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
    "json": b'\xef\xbb\xbf [\n {\n "id": 1}]',
    "parquet": b"PAR1....",
    "tfrecord": TFRECORD,
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("compression", PACKS)
def test_a_file_without_a_known_ending_is_what_its_bytes_are(name: str, compression: str) -> None:
    packed = PACKS[compression](CONTENTS[name])
    for ending in ("", *ENDINGS):
        assert identify(packed, f"a{ending}") == (name, compression)


@pytest.mark.parametrize("name", ["json", "parquet", "tfrecord", "jsonl"])
@pytest.mark.parametrize("compression", PACKS)
def test_bytes_that_prove_a_format_count_more_than_a_name(name: str, compression: str) -> None:
    packed = PACKS[compression](CONTENTS[name])
    for path in ("a.txt", "a.csv", "a.tsv.gz", "a.jsonl.bz2", "a.parquet", "a.tfrecord", "a.json"):
        assert identify(packed, path) == (name, compression)


@pytest.mark.parametrize("path", ["a.txt", "a.csv", "a.tsv", "a.jsonl", "a.text.zst"])
def test_names_decide_among_formats_of_text(path: str) -> None:
    for content in (b"a line\n", b'{"other": 1}\n', b"[Music] plays\n", b"{ brace\n", b"id,text\n"):
        assert identify(content, path)[0] == detecting.by_name(path)[0]


@pytest.mark.parametrize("damaged", [b"\x1e\x8b\x08\0\0\0\0\0", b"\0garbage", b"\xff\xc0\x01"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_damaged_at_its_beginning_is_what_its_name_says(
    damaged: bytes, ending: str
) -> None:
    for name in ("jsonl", "tfrecord", "parquet", "text"):
        path = f"a{base.find(name).endings[0]}"
        assert identify(damaged, path + ending) == (name, ENDINGS[ending])
    assert identify(b"damaged", "a.parquet") == ("parquet", "none")
    assert identify(b"\0damaged", "a.tfrecord") == ("tfrecord", "none")


def test_a_compressed_file_that_is_cut_or_has_large_blocks_is_recognized() -> None:
    lines = b"".join(b'{"text": "%d"}\n' % (number * number) for number in range(50_000))
    for compression, pack in PACKS.items():
        packed = pack(lines)
        assert identify(packed, "a.txt") == ("jsonl", compression)
        assert identify(packed[:-9], "a.txt") == ("jsonl", compression)
    many = b"".join(gzip.compress(line) for line in lines[:600].splitlines(keepends=True))
    assert identify(many) == ("jsonl", "gzip")


def test_what_is_compressed_twice_is_refused() -> None:
    for first, second in (("gzip", "gzip"), ("zstd", "bzip2"), ("xz", "gzip")):
        packed = PACKS[first](PACKS[second](b"a line\n"))
        assert refusal(packed, "a.txt.gz") == (
            f"is compressed twice, by {first} and by {second}: uncompress it once"
        )


def test_zlib_is_recognized_by_what_comes_out() -> None:
    for level in (0, 1, 6, 9):
        for path in ("a", "a.tfrecord", "a.tfrecord.gz", "a.txt"):
            assert identify(zlib.compress(TFRECORD, level), path) == ("tfrecord", "zlib")
        assert identify(zlib.compress(b'{"text": "a"}\n' * 9, level), "a") == ("jsonl", "zlib")
        # A shard of no records.
        assert identify(zlib.compress(b"", level), "a.tfrecord") == ("tfrecord", "zlib")
    # These bytes look like UTF-16 without a mark.
    for record in (b"\x12", b"a", b"\x02\x02"):
        packed = zlib.compress(tfrecord_framing.frame(pa.array([record], pa.large_binary())))
        assert encoding_of(packed)
        assert identify(packed, "a.tfrecord") == ("tfrecord", "zlib")
    # Its two bytes may begin a text.
    assert identify(b"x^2 + y^2 = z^2\n") == ("text", "none")
    assert identify("x\u0153\n".encode("cp1252"), encoding="cp1252") == ("text", "none")
    assert identify(zlib.compress(bytes(range(256))), "a.tfrecord") == ("tfrecord", "none")
    assert identify(zlib.compress(b"") + b"damaged", "a.tfrecord") == ("tfrecord", "none")


def test_a_window_that_takes_too_much_memory_is_named() -> None:
    frame = bytearray(
        zstd.compress(b"text\n" * 99, options={zstd.CompressionParameter.window_log: 27})
    )
    frame = bytearray(b"\x28\xb5\x2f\xfd\0\xb0") + frame[6:]
    for path in ("a.jsonl.zst", "a"):
        assert "needs a zstd window of 4,294,967,296 bytes, over 2 GiB" in refusal(
            bytes(frame), path
        )


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
    assert identify(content) == (name, "none")
    assert identify(gzip.compress(content)) == (name, "gzip")
    assert identify(content, pair_separator="|") == ("text", "none")


def test_a_tag_of_a_template_is_text() -> None:
    for content in (b"{% include head %}\n# Title\n", b"{{ title }}\n", b"{# more #}\n"):
        assert identify(content, "a.md") == ("text", "none")
        assert identify(content, "a.json") == ("jsonl", "none")
    assert identify(b"{'text': 1}\n") == ("jsonl", "none")


def test_a_header_with_a_brace_or_a_nul_is_not_a_table() -> None:
    assert identify(b"{id,text\n") == ("jsonl", "none")
    assert "is not text (it contains a NUL), " in refusal(b"id,text\n\0")


def test_text_in_another_encoding_is_decoded_to_detect_its_format() -> None:
    texts = {"id,text\n": "csv", '{"text": "a"}': "jsonl", '[{"text": "a"}]': "json", "a": "text"}
    for text, name in texts.items():
        assert identify(text.encode("utf-16"), encoding="utf-16")[0] == name
        assert identify(text.encode("utf-16"), "a.gz", encoding="utf-16") == (name, "none")
    assert identify("id,text\n".encode("utf-16"))[0] == "text"
    assert identify(b"latin", encoding="utf-16")[0] == "text"
    assert identify("a".encode("utf-16-le"))[0] == "text"
    assert identify("été\n".encode("cp1252"), "a.gz", encoding="cp1252") == ("text", "none")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a PNG image: leave it out by a glob"),
        (b"PK\x03\x04\x14\0", "is a ZIP archive: unpack it, and give the files"),
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document: extract its text"),
    ],
)
def test_a_file_of_another_kind_is_refused_whatever_its_name_and_the_request(
    content: bytes, what: str
) -> None:
    for path in ("a", "a.txt", "a.jsonl.gz", "a.parquet"):
        for requested in (None, *base.names()):
            assert refusal(content, path, requested=requested) == what
            assert refusal(gzip.compress(content), path, requested=requested) == what


def test_content_with_a_nul_and_no_magic_bytes_has_no_format() -> None:
    assert refusal(b"\x01\x02\0\x03").startswith("is not text (it contains a NUL), ")


def test_empty_and_damaged_heads_are_text() -> None:
    assert identify(b"") == ("text", "none")
    assert identify(gzip.compress(b""), "a.jsonl") == ("jsonl", "gzip")
    assert identify(b"\x1f\x8b\x08garbage") == ("text", "gzip")


@pytest.mark.parametrize("requested", base.names())
def test_a_requested_format_is_taken_unless_the_bytes_prove_another(requested: str) -> None:
    for name in ("parquet", "tfrecord"):
        content = CONTENTS[name]
        if requested == name:
            assert identify(content, "a.txt", requested) == (name, "none")
        else:
            expected = f"is of the format {name}: leave out `input_format` {requested}"
            assert refusal(content, "a.txt", requested=requested) == expected
    for line in (b"a line\n", b"\0\x01"):
        if requested in ("parquet", "tfrecord"):
            why = refusal(line, "a.txt", requested=requested)
            assert why.startswith(
                f"does not begin as `input_format` {requested} does; leave it out"
            )
            assert identify(line, f"a.{requested}", requested) == (requested, "none")
        else:
            assert identify(line, "a.parquet", requested) == (requested, "none")
            assert identify(gzip.compress(line), "a", requested) == (requested, "gzip")


def test_json_that_is_no_lines_is_refused_unless_it_is_asked_for_as_text() -> None:
    pretty = b'{\n  "id": 1,\n  "text": "a"\n}\n'
    for path in ("a.json", "a.jsonl", "a", "a.txt"):
        for requested in (None, "jsonl"):
            assert "jq -c . converts it" in refusal(pretty, path, requested=requested)
        assert identify(pretty, path, "text") == ("text", "none")
        assert identify(pretty, path, "json") == ("json", "none")
    assert "`input_format` json reads it" in refusal(CONTENTS["json"], requested="jsonl")


HEADS = [*CONTENTS.values(), *(pack(b"a line\n") for pack in PACKS.values()), b"{\n", b"[", b""]


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(HEADS),
    st.integers(0, 20),
    st.binary(max_size=12),
    st.sampled_from(["a", "a.txt", "a.json.gz", "a.parquet", "a.csv.xz", "a.tfrecord.zst"]),
    st.sampled_from([None, "text", "json", "files", "parquet"]),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
)
def test_any_bytes_are_of_a_format_or_refused(
    head: bytes, place: int, put: bytes, path: str, requested: str | None, encoding: str
) -> None:
    content = head[:place] + put + head[place + len(put) // 2 :]
    refused = ""
    try:
        format_, compression = identify(content, path, requested, encoding=encoding)
    except ValueError as error:
        format_, compression, refused = requested or "text", "none", str(error)
    assert not refused or refused.startswith(f"`input` {path} ")
    assert format_ in base.names()
    assert requested in (None, format_)
    assert compression == "none" or compression in [*PACKS, "zlib"]
