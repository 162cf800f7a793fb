import io

from transforms.documents import Source, Split
from transforms.sources import base
from transforms.sources.base import ReadConfig


def read(data: bytes, **settings: int) -> dict[str, list]:
    config = ReadConfig(**settings)
    source = Source("a.txt", len(data), "1", "text")
    (part,) = base.find("text").read(Split(source, 0, len(data)), io.BytesIO(data), config)
    return part.documents.to_pydict()


def test_every_line_has_a_row_whatever_it_holds() -> None:
    rows = read(b"\xef\xbb\xbffirst\r\n\n \t\n\xff\xfe\nlast \xe2\x98\x83")
    assert rows["text"] == [b"first", b"", b" \t", b"", "last ☃".encode()]
    assert rows["reason"] == [None, "empty", "empty", "not_utf8", None]
    assert rows["position"] == [0, 10, 11, 14, 17]
    assert rows["id"] == [f"a.txt:{position}" for position in rows["position"]]


def test_a_byte_order_mark_is_dropped_only_at_the_beginning() -> None:
    rows = read(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo")
    assert rows["text"] == [b"one", b"\xef\xbb\xbftwo"]


def test_a_line_over_the_limit_is_too_large_and_the_others_go_on() -> None:
    rows = read(b"short\n" + b"x" * 50 + b"\nalso short\n", max_document_bytes=20)
    assert rows["reason"] == [None, "too_large", None]
    assert rows["detail"][1] == "over 20 bytes"


def test_surrogates_and_overlong_forms_are_not_utf8() -> None:
    rows = read(b"\xed\xa0\x80\n\xc0\xaf\nok\n")
    assert rows["reason"] == ["not_utf8", "not_utf8", None]
