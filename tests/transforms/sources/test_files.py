import gzip
import io
from typing import BinaryIO, cast

import pytest

from transforms.documents import Member
from transforms.io.watching import StorageError
from transforms.sources import base, files
from transforms.sources.base import ReadConfig
from transforms.sources.files import MemberError, MemberStreams

CONTENTS = {
    "docs/a.md": b"\xef\xbb\xbfone\ntwo\n",
    "docs/b.md.gz": gzip.compress(b"packed"),
    "docs/c.md": b" \n",
    "docs/d.md": b"\xff",
    "docs/e.md": b"x" * 99,
    "docs/f.md.gz": b"no gzip",
}
MEMBERS = [
    Member(path, len(data), "1", "gzip" if path.endswith("gz") else "none")
    for path, data in CONTENTS.items()
]


def open_(member: Member) -> BinaryIO:
    return io.BytesIO(CONTENTS[member.path])


def test_every_file_is_a_document_of_its_path() -> None:
    (split,) = files.group("docs/*", MEMBERS, 1 << 20)
    config = ReadConfig(max_document_bytes=50)
    (part,) = base.find("files").read(split, MemberStreams(open_), config)
    rows = part.documents.to_pydict()
    assert rows["id"] == list(CONTENTS)
    assert rows["position"] == [0, 1, 2, 3, 4, 5]
    assert rows["text"] == [b"one\ntwo\n", b"packed", b"", b"", b"", b""]
    reasons = [None, None, "empty", "not_utf8", "too_large", "unreadable"]
    assert rows["reason"] == reasons
    assert (part.start, part.end, part.last) == (0, 6, True)
    assert type(split).from_json(split.to_json()) == split


def test_a_file_with_a_nul_is_rejected_for_it_may_be_of_another_encoding() -> None:
    contents = {"a": "one".encode("utf-16-le"), "b": b"two"}
    members = [Member(path, len(data), "1") for path, data in contents.items()]
    (split,) = files.group("*", members, 1 << 20)
    streams = MemberStreams(lambda member: io.BytesIO(contents[member.path]))
    (part,) = base.find("files").read(split, streams, ReadConfig())
    assert part.documents.to_pydict()["reason"] == ["not_utf8", None]


def test_a_file_that_is_not_in_the_encoding_told_costs_itself_alone() -> None:
    contents = {"a": "one".encode("utf-16"), "b": b"latin", "c": "two".encode("utf-16")}
    members = [Member(path, len(data), "1") for path, data in contents.items()]
    (split,) = files.group("*", members, 1 << 20)
    streams = MemberStreams(lambda member: io.BytesIO(contents[member.path]))
    (part,) = base.find("files").read(split, streams, ReadConfig(encoding="utf-16"))
    rows = part.documents.to_pydict()
    assert rows["text"] == [b"one", b"", b"two"]
    assert rows["reason"] == [None, "unreadable", None]
    assert "it is not in `encoding` utf-16" in rows["detail"][1]


def test_a_part_ends_once_it_holds_the_text_of_the_largest_document() -> None:
    contents = {f"{name}.gz": gzip.compress(name.encode() * 30) for name in "abcde"}
    members = [Member(path, len(data), "1", "gzip") for path, data in contents.items()]
    (split,) = files.group("*", members, 1 << 20)
    streams = MemberStreams(lambda member: io.BytesIO(contents[member.path]))
    read = base.find("files").read
    parts = list(read(split, streams, ReadConfig(max_document_bytes=50)))
    assert [(part.start, part.end, part.last) for part in parts] == [
        *((0, 2, False), (2, 4, False), (4, 5, True))
    ]
    rows = [row for part in parts for row in part.documents.to_pylist()]
    assert [row["id"] for row in rows] == list(contents)
    assert [row["position"] for row in rows] == [0, 1, 2, 3, 4]
    assert len(list(read(split, streams, ReadConfig(max_document_bytes=500)))) == 1


def test_a_file_that_cannot_be_read_is_named_and_not_rejected() -> None:
    (split,) = files.group("docs/*", MEMBERS, 1 << 20)

    def refuse_one(member: Member) -> BinaryIO:
        if member.path == "docs/c.md":
            raise StorageError("no answer")
        return open_(member)

    read = base.find("files").read(split, cast(BinaryIO, MemberStreams(refuse_one)), ReadConfig())
    with pytest.raises(MemberError, match="no answer") as error:
        list(read)
    assert error.value.path == "docs/c.md"


def test_files_are_grouped_by_bytes_and_number() -> None:
    members = [Member(str(number), 10, "1") for number in range(10_000)]
    splits = files.group("all", members, 95)
    assert [member for split in splits for member in split.members] == members
    assert {len(split.members) for split in splits} == {10}
    assert [split.start for split in splits[:3]] == [0, 10, 20]
    assert max(len(split.members) for split in files.group("all", members, 1 << 30)) == 4096
    assert splits[0].source.version != files.group("all", members[:-1], 95)[0].source.version


@pytest.mark.parametrize("flag", ["id_field", "text_b_field", "pair_separator"])
def test_fields_and_pairs_are_refused(flag: str) -> None:
    with pytest.raises(ValueError, match=f"`{flag}` needs records; `input_format` files has none"):
        base.find("files").check(ReadConfig(**{flag: "x"}))
