"""Reading takes a time linear in the input: what readers scan counts, not seconds."""

import contextlib
import gzip
import io
import itertools
from collections.abc import Callable

import pyarrow as pa
import pytest

from tests.transforms.sources.scanning import Scanned
from transforms.documents import Source, Split
from transforms.io import tfrecord_framing, transcoding
from transforms.sources import base, chunks, detecting, lines, opening
from transforms.sources.base import ReadConfig

Pattern = Callable[[int], bytes]

SIZE = 4000
# How often a byte may be scanned: read, copied, checked, parsed twice, and all that as a sample.
MOST_SCANS = 12


def repeated(line: bytes, before: bytes = b"") -> Pattern:
    return lambda size: before + line * (size // len(line))


LINES: dict[str, Pattern] = {
    "blank": repeated(b"\n"),
    "carriage returns": repeated(b"\r"),
    "no line end": repeated(b"a"),
    "NUL": repeated(b"\0"),
    "not UTF-8": repeated(b"\xff\n"),
    "marks": repeated("\ufeff".encode()),
    "short": repeated(b"a\n"),
    "spaces": repeated(b" "),
    "long and short": repeated(b"a" * 197 + b"\na\n"),
    "lines over the limit": repeated(b"a" * 1999 + b"\n"),
}
JSON: dict[str, Pattern] = {
    "opened arrays": repeated(b"["),
    "opened objects": repeated(b'{"a":'),
    "deep": lambda size: b'{"text":' + b"[" * (size // 2) + b"]" * (size // 2) + b"}\n",
    "one integer": repeated(b"7", b'{"n":'),
    "integers": repeated(b'{"text":"a","n":1234567890123456789012}\n'),
    "fraction": repeated(b"7", b'{"n":0.'),
    "duplicate keys": lambda size: b"{" + b'"a":1,' * (size // 6) + b'"text":"a"}\n',
    "keys": lambda size: b"{" + b"".join(b'"%d":1,' % n for n in range(size // 9)) + b'"a":1}\n',
    "escapes": lambda size: b'{"text":"' + b"\\u0000" * (size // 6) + b'"}\n',
    "backslashes": repeated(b"\\", b'{"text":"'),
    "spaces before": repeated(b" \t", b"{"),
    "halves of pairs": repeated(b'{"text":"\\ud800"}\n'),
}
ARRAYS: dict[str, Pattern] = {
    "objects": repeated(b'{"text":"a"},', b"["),
    "objects in lines": repeated(b' {"text":"a"},\n', b"[\n"),
    "open strings in lines": repeated(b' {"text":"a},\n', b"[\n"),
    "open objects in lines": repeated(b' {"text":"a",\n', b"[\n"),
    "open string": repeated(b"a", b'[{"text":"'),
    "open list": repeated(b"1,", b'[{"text":['),
    "inner objects": repeated(b'{"a":', b'[{"text":'),
    "broken once": repeated(b" {\n", b'[\n {"text":"a"{}\n'),
    "brackets": repeated(b"}]"),
    "words": repeated(b"a "),
    "strings": repeated(b'"a"'),
}
TABLE: dict[str, Pattern] = {
    "quoted comma": repeated(b'a",",c\n', b"text,b\n"),
    "open quotes": repeated(b'"\n', b"text\n"),
    "open fields": repeated(b'a,"b\n', b"text,b\n"),
    "closed too late": repeated(b'a,"b\n",",c\n', b"text,b\n"),
    "closed and more": repeated(b'"a"b\n', b"text\n"),
    "doubled quotes": repeated(b'"', b"text\n"),
    "open once": repeated(b"a\n", b'text\n"'),
    "open in each, one broken end": lambda size: (
        b"text\n" + b'a,"",",\n' * (size // 8) + b'a"b\n"c\n'
    ),
    "rows of lines": repeated(b'"a\n\n\nb"\n', b"text\n"),
    "open rows of lines": repeated(b'"a\n""\n,"\n\nb"\n', b"text\n"),
    "open header": repeated(b'"a\n', b'"text\n'),
    "columns": lambda size: b"," * (size // 2) + b"\n" + b"," * (size // 2) + b"\n",
    "quotes and returns": repeated(b'"\r\r\n', b"text\n"),
    "tabs": repeated(b'a"\t"\tc\n', b"text\tb\n"),
    "escapes": repeated(b"\\", b"text\n"),
    "escaped quotes": repeated(b'"\\""\n', b"text\n"),
    "escaped line ends": repeated(b'"a\\\n', b"text\n"),
    "open escapes": repeated(b"a\\\n", b"text\n"),
    "escapes after rows of lines": repeated(b'"a\n\n"\\\n', b"text\n"),
    "escaped delimiters": repeated(b"\\,\\\t", b"text\n"),
}
TEXT_PATTERNS: dict[tuple[str, str], Pattern] = {
    **{(name, what): LINES[what] for name in ("text", "jsonl", "csv", "tsv") for what in LINES},
    **{(name, what): JSON[what] for name in ("jsonl", "json") for what in JSON},
    **{("json", what): pattern for what, pattern in ARRAYS.items()},
    **{(name, what): TABLE[what] for name in ("csv", "tsv") for what in TABLE},
}


def split_of(name: str, data: bytes, compression: str = "none", path: str = "a") -> Split:
    return Split(Source(path, len(data), "1", name, compression, whole=True), 0, None)


def scan(name: str, data: bytes, config: ReadConfig, compression: str = "none") -> int:
    """Read a file as a job does: head, header, sample, parts; return how much was scanned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CHUNK", 64)
        patch.setattr(chunks, "_CHUNK", 64)
        patch.setattr(transcoding, "_PIECE", 64)
        scanned = Scanned(patch)
        format_ = base.find(name)
        split = split_of(name, data, compression)

        def open_() -> object:
            return opening.readable(scanned.stream(data), split.source, config)

        with contextlib.suppress(ValueError):
            format_.cut(split.source, lambda: scanned.stream(data), config)
        format_.sample_fields(split, open_(), config)
        for _ in format_.read(split, open_(), config):
            pass
    return scanned.total


def check_linear(
    name: str, pattern: Pattern, config: ReadConfig, most_scans: int = MOST_SCANS
) -> None:
    small, large = (scan(name, pattern(size), config) for size in (SIZE, 2 * SIZE))
    assert small <= most_scans * SIZE
    assert large <= 2.2 * small


@pytest.mark.parametrize("most", [1000, 1 << 20])
@pytest.mark.parametrize(("name", "what"), TEXT_PATTERNS)
def test_twice_the_text_is_twice_the_work(name: str, what: str, most: int) -> None:
    config = ReadConfig(part_bytes=1024, max_document_bytes=most, keep_fields=("n",))
    check_linear(name, TEXT_PATTERNS[name, what], config)


@pytest.mark.parametrize("quoting", ["minimal", "none"])
@pytest.mark.parametrize("what", TABLE)
def test_twice_the_text_with_escapes_is_twice_the_work(what: str, quoting: str) -> None:
    escaped = ReadConfig(part_bytes=1024, csv_escape="\\", csv_quoting=quoting)
    for name in ("csv", "tsv"):
        check_linear(name, TABLE[what], escaped)


def frame(*records: bytes) -> bytes:
    return tfrecord_framing.frame(pa.array(records, pa.large_binary()))


def feature(name: bytes) -> bytes:
    """Return an entry of the map of an example's features, without its value."""
    return b"\x0a" + bytes([len(name) + 2]) + b"\x0a" + bytes([len(name)]) + name


def example(entries: bytes) -> bytes:
    """Return an example; its entries have 128 to 16,383 bytes."""
    return b"\x0a" + bytes([len(entries) & 127 | 128, len(entries) >> 7]) + entries


LYING = (1 << 40).to_bytes(8, "little")
TFRECORDS: dict[str, Pattern] = {
    "empty": lambda size: frame(b"") * (size // 16),
    "one": lambda size: frame(b"a" * size),
    "over the limit": lambda size: frame(b"a" * 1984) * (size // 2000),
    "no examples": lambda size: frame(b"\xff" * 84) * (size // 100),
    "groups": lambda size: frame(b"\x0b" * size),
    "one feature again": lambda size: frame(example(feature(b"a") * (size // 5))),
    "features": lambda size: frame(
        example(b"".join(feature(b"%06d" % number) for number in range(size // 10)))
    ),
    "no frames": repeated(b"a"),
    "a length that lies": repeated(b"a", LYING + tfrecord_framing.masked_crc(LYING)),
    "cut": lambda size: frame(b"a" * 84) * (size // 100) + frame(b"a" * 999)[:-5],
}


@pytest.mark.parametrize("most", [1000, 1 << 20])
@pytest.mark.parametrize("name", TFRECORDS)
def test_twice_the_records_are_twice_the_work(name: str, most: int) -> None:
    config = ReadConfig(part_bytes=1024, max_document_bytes=most, keep_fields=("n",))
    small, large = (scan("tfrecord", TFRECORDS[name](size), config) for size in (SIZE, 2 * SIZE))
    assert large <= max(2.2 * small, 1000)
    assert small <= 8 * SIZE


ENCODED: dict[str, tuple[str, Pattern]] = {
    "utf-16": ("utf-16", lambda size: ("a\n" * (size // 4)).encode("utf-16")),
    "no mark": ("utf-16", repeated(b"a")),
    "halves": ("utf-16-le", repeated(b"\x00\xd8")),
    "utf-7, one sequence": ("utf-7", repeated(b"AGEA", b"+")),
    "utf-7, sequences": ("utf-7", repeated(b"+AGE-\n")),
    "a name": ("unicode-escape", repeated(b"A", b"\\N{")),
    "escapes": ("unicode-escape", repeated(b"\\u0061")),
    "shifts": ("iso2022_jp", repeated(b"\x1b$B\x1b(B")),
    "two bytes": ("gb18030", repeated(b"\x81")),
    "one byte": ("cp1252", repeated(b"\x81\n")),
}


@pytest.mark.parametrize("name", ENCODED)
def test_twice_the_encoded_text_is_twice_the_work(name: str) -> None:
    encoding, pattern = ENCODED[name]
    check_linear("text", pattern, ReadConfig(part_bytes=1024, encoding=encoding), most_scans=24)


@pytest.mark.parametrize("content", [b"\0" * 100, b"a\n" * 50, b""], ids=["NUL", "lines", "none"])
def test_twice_the_members_of_a_gzip_are_twice_the_work(content: bytes) -> None:
    data = gzip.compress(content) * 200
    config = ReadConfig(part_bytes=1024)
    small, large = (scan("text", packed, config, "gzip") for packed in (data, data * 2))
    assert large <= 2.2 * small


def test_a_head_is_all_that_detection_scans() -> None:
    with pytest.MonkeyPatch.context() as patch:
        scanned = Scanned(patch)
        patterns = TEXT_PATTERNS.values()
        for pattern, compression in itertools.product(patterns, ("none", "gzip")):
            data = pattern(2 * detecting.HEAD_BYTES)
            packed = gzip.compress(data) if compression == "gzip" else data
            before = scanned.total
            with contextlib.suppress(ValueError):
                detecting.identify("a", scanned.stream(packed), ReadConfig())
            assert scanned.total - before <= 8 * detecting.HEAD_BYTES


def test_of_each_file_no_more_is_read_than_a_document_may_have() -> None:
    with pytest.MonkeyPatch.context() as patch:
        scanned = Scanned(patch)
        config = ReadConfig(max_document_bytes=5000)
        (split,) = base.find("files").cut(Source("a", 100_000, "1", "files"), io.BytesIO, config)
        stream = scanned.stream(b"a" * 100_000)
        (part,) = base.find("files").read(split, stream, config)
        assert part.documents.to_pydict()["reason"] == ["too_large"]
    assert scanned.total <= 5001
