import pytest

from transforms.sources import heads
from transforms.sources.base import ReadConfig


def check(data: bytes, path: str, format_: str, encoding: str = "utf-8") -> None:
    heads.check(data, path, format_, ReadConfig(encoding=encoding))


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
def test_only_text_is_checked(format_: str) -> None:
    check("a".encode("utf-16"), "a", format_)
