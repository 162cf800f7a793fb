import io
import re
from typing import BinaryIO

import pyarrow as pa
import pytest

from transforms.documents import Source
from transforms.io import tfrecord_framing
from transforms.io.decompressing import MAGIC
from transforms.sources import base, heads
from transforms.sources.base import ReadConfig

TFRECORD = tfrecord_framing.frame(pa.array([b"anything"], pa.large_binary()))


def check(data: bytes, path: str, format_: str, encoding: str = "utf-8", **settings: str) -> None:
    source = Source(path, len(data), "1", format_, **settings)
    heads.check(source, lambda: io.BytesIO(data), ReadConfig(encoding=encoding))


@pytest.mark.parametrize("format_", ["text", "jsonl", "csv", "tsv"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_is_told_with_the_remedy(format_: str, encoding: str) -> None:
    data = "id,text\n".encode(encoding)
    for other in ("utf-8", "cp1252"):
        with pytest.raises(
            ValueError, match=f"`input` a.x is in another .*: `encoding` {encoding}$"
        ):
            check(data, "a.x", format_, other)
    check(data, "a.x", format_, encoding)
    check(b"\xef\xbb\xbfid,text\n", "a.x", format_)


def test_a_byte_order_mark_within_a_compressed_file_is_told() -> None:
    import gzip

    packed = gzip.compress("a line\n".encode("utf-16"))
    with pytest.raises(ValueError, match="`encoding` utf-16"):
        check(packed, "a.txt.gz", "text", compression=MAGIC[b"\x1f\x8b"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding_than_is_told_is_refused_by_name(encoding: str) -> None:
    message = rf"a\\u000a.txt: it is not in `encoding` {encoding}: .*; give .*\({encoding}-le or"
    with pytest.raises(ValueError, match=message):
        check("caf\u00e9 au lait\n".encode("latin-1"), "a\n.txt", "text", encoding)
    check("caf\u00e9".encode("latin-1"), "a.txt", "text", "iso8859-1")
    check("a line".encode("utf-16-le"), "a.txt", "text", "utf-16-le")
    check(b"", "a.txt", "text", encoding)
    check(b"a", "a.txt", "text", encoding)


@pytest.mark.parametrize("format_", ["parquet", "tfrecord"])
def test_a_format_that_a_file_is_not_of_is_refused(format_: str) -> None:
    message = re.escape(f"`input_format` {format_}: a.jsonl does not begin as this format does")
    with pytest.raises(ValueError, match=message):
        check(b'{"text": "a"}', "a.jsonl", format_)
    check({"parquet": b"PAR1...", "tfrecord": TFRECORD}[format_], "a.jsonl", format_)
    # Under its own name it is a damaged file, which costs itself alone.
    check(b"damaged", f"a.{format_}", format_)


@pytest.mark.parametrize("format_", base.names())
def test_of_a_file_that_cannot_be_read_nothing_is_said(format_: str) -> None:
    def refuse() -> BinaryIO:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        heads.check(Source("a", 9, "1", format_), refuse, ReadConfig())
