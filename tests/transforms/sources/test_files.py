import gzip
import io

import pytest

from transforms.documents import Source, Split
from transforms.io.watching import StorageError
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig, ReadPart

FILES = base.find("files")


def read(data: bytes, config: ReadConfig, compression: str = "none") -> ReadPart:
    source = Source("docs/a.md", len(data), "1", "files", compression)
    (split,) = FILES.cut(source, io.BytesIO, config)
    (part,) = FILES.read(split, opening.readable(io.BytesIO(data), source, config), config)
    assert part.last
    assert part.end > part.start == 0
    assert split.end in (None, part.end)
    return part


@pytest.mark.parametrize(
    ("data", "compression", "text", "reason"),
    [
        (b"\xef\xbb\xbfone\ntwo\n", "none", b"one\ntwo\n", None),
        (gzip.compress(b"packed", mtime=0), "gzip", b"packed", None),
        (b" \n", "none", b"", "empty"),
        (b"", "none", b"", "empty"),
        (b"\xff", "none", b"", "not_utf8"),
        (b"x" * 99, "none", b"", "too_large"),
        (b"no gzip", "gzip", b"", "unreadable"),
    ],
)
def test_a_file_is_a_document_of_its_path(
    data: bytes, compression: str, text: bytes, reason: str | None
) -> None:
    rows = read(data, ReadConfig(max_document_bytes=50), compression).documents.to_pydict()
    assert (rows["id"], rows["position"]) == (["docs/a.md"], [0])
    assert (rows["text"], rows["reason"]) == ([text], [reason])


def test_a_file_with_a_nul_is_rejected_for_it_may_be_of_another_encoding() -> None:
    rows = read("one".encode("utf-16-le"), ReadConfig()).documents.to_pydict()
    assert rows["reason"] == ["not_utf8"]


def test_a_file_in_another_encoding_is_read_in_it_or_rejected() -> None:
    config = ReadConfig(encoding="utf-16")
    assert read("one".encode("utf-16"), config).documents.to_pydict()["text"] == [b"one"]
    rows = read(b"latin", config).documents.to_pydict()
    assert rows["reason"] == ["unreadable"]
    assert "it is not in `encoding` utf-16" in rows["detail"][0]


def test_the_document_is_in_the_range_of_its_first_byte() -> None:
    source = Source("a.md", 9, "1", "files")
    for start, number in ((0, 1), (3, 0)):
        split = Split(source, start, start + 3)
        (part,) = FILES.read(split, io.BytesIO(b"some text"), ReadConfig())
        assert (part.start, part.end, part.documents.num_rows) == (start, start + 3, number)


def test_a_file_that_cannot_be_read_is_not_rejected() -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise StorageError("no answer")

    split = Split(Source("a.md", 9, "1", "files"), 0, 9)
    with pytest.raises(StorageError, match="no answer"):
        list(FILES.read(split, Broken(), ReadConfig()))


@pytest.mark.parametrize("flag", ["id_field", "text_b_field", "pair_separator"])
def test_fields_and_pairs_are_refused(flag: str) -> None:
    with pytest.raises(ValueError, match=f"`{flag}` needs records; `input_format` files has none"):
        base.find("files").check(ReadConfig(**{flag: "x"}))
