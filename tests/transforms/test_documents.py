import dataclasses
import json
import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.parts import make_part
from transforms import documents
from transforms.documents import PartHeader, Source, Split

SOURCE = Source("a.txt", 10, "1.5", "text")


def test_a_parts_key_knows_everything_that_determines_it() -> None:
    changes = [{"path": "b.txt"}, {"size": 11}, {"version": "2"}, {"format": "jsonl"}]
    sources = [SOURCE, *(dataclasses.replace(SOURCE, **change) for change in changes)]
    sources.append(dataclasses.replace(SOURCE, compression="gzip"))
    keys = [documents.part_key(source, 0, 5, "run") for source in sources]
    keys += [documents.part_key(SOURCE, *rest) for rest in [(1, 5, "run"), (0, 6, "run")]]
    keys += [documents.part_key(SOURCE, 0, 5, "other")]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)
    assert keys[0] == documents.part_key(SOURCE, 0, 5, "run")


def test_a_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert documents.hash_json({"a": 1, "b": [2]}) == documents.hash_json({"b": [2], "a": 1})
    assert documents.hash_json([1, 2]) != documents.hash_json([2, 1])


@given(st.text())
def test_file_stems_are_safe_in_any_folder(path: str) -> None:
    for name in (path, f"../{path}", f"{path}/..", f"gs://b/{path}.jsonl.gz"):
        stem = documents.file_stem(name)
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", stem)
        assert stem not in (".", "..")
        assert not stem.startswith(".")


@pytest.mark.parametrize(("start", "end"), [(0, 5), (5, None)])
def test_splits_survive_their_line(start: int, end: int | None) -> None:
    split = Split(SOURCE, start, end)
    assert Split.from_json(split.to_json()) == split
    line = json.loads(split.to_json())
    assert (line["source"], line["bytes"]) == ("a.txt", 10 if end is None else 5)


MEMBERS = (Source("a.md", 3, "1.0", "files"), Source("b.md", 4, "2.0", "csv", "gzip", whole=True))
GROUP = Split(Source("*.md", 7, "x", "files", whole=True, location="tmp/x"), 0, 2, 7, MEMBERS)


def test_all_fields_of_a_split_survive_its_line() -> None:
    assert Split.from_json(GROUP.to_json()) == GROUP
    assert list(json.loads(GROUP.to_json())) == [
        *("source", "start", "end", "bytes", "size", "version", "format", "compression"),
        *("whole", "location", "counted", "members"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start": 3}, "`end` is 2, `start` is 3"),
        ({"size": 6}, "`size` is 6, and its `members` have another"),
        ({"end": -1}, r"`\$\.end`"),
        ({"size": 1.0}, r"`\$\.size`"),
        ({"version": None}, r"`\$\.version`"),
        ({"whole": 1}, r"`\$\.whole`"),
        ({"counted": "true"}, r"`\$\.counted`"),
        ({"location": []}, r"`\$\.location`"),
        ({"members": [["a", 1, "1", "none"]]}, r"length 6.*`\$\.members\[0\]`"),
        ({"members": [["a", 1, "1", "none", "csv", True, 5]]}, r"length 6.*`\$\.members\[0\]`"),
        ({"members": [["a", -1, "1", "none", "csv", True]]}, r"`\$\.members\[0\]\[1\]`"),
        ({"members": [["a", 7, "1", "none", "csv", 1]]}, r"`\$\.members\[0\]\[5\]`"),
        ({"members": [{}]}, r"`\$\.members\[0\]`"),
        ({"other": 1}, "unknown field `other`"),
    ],
    ids=str,
)
def test_a_line_with_a_wrong_field_is_refused_by_name(change: dict, reason: str) -> None:
    line = json.loads(GROUP.to_json()) | change
    with pytest.raises(ValueError, match=reason):
        Split.from_json(json.dumps(line))


@pytest.mark.parametrize("name", ["source", "start", "end", "bytes", "size", "version", "format"])
def test_a_line_without_a_field_is_refused_by_name(name: str) -> None:
    line = json.loads(GROUP.to_json())
    del line[name]
    with pytest.raises(ValueError, match=f"missing required field `{name}`"):
        Split.from_json(json.dumps(line))


def test_headers_travel_with_their_batch_and_gather_measures() -> None:
    part = make_part(["a", "b"])
    header = documents.header_of(part).measured(read_seconds=0.5).measured(documents=2)
    again = documents.header_of(documents.with_header(part, header))
    assert again == header
    assert again.measures == {"read_seconds": 0.5, "documents": 2}
    assert isinstance(again, PartHeader)
    with pytest.raises(ValueError, match="has no part header"):
        documents.header_of(part.replace_schema_metadata({}))


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
sources = st.builds(
    Source, words, st.integers(0, 2**50), words, words, st.sampled_from(["none", "gzip"])
)


@settings(deadline=None, max_examples=80)
@given(sources, st.integers(0, 2**50), st.none() | st.integers(0, 2**50))
def test_any_split_survives_its_line(source: Source, start: int, length: int | None) -> None:
    split = Split(source, start, None if length is None else start + length)
    assert Split.from_json(split.to_json().encode()) == split
    assert json.loads(split.to_json())["bytes"] == (source.size if length is None else length)


@settings(deadline=None, max_examples=80)
@given(words, st.integers(0), st.booleans(), st.dictionaries(words, st.floats(0, 1e9)))
def test_any_header_survives_its_batch(
    source: str, start: int, last: bool, measures: dict[str, float]
) -> None:
    header = PartHeader(source, start, start + 1, last, "k" * 64, measures)
    assert documents.header_of(documents.with_header(make_part(["a"]), header)) == header


def test_a_part_is_named_by_stem_start_and_key() -> None:
    header = PartHeader("gs://b/news.en.txt.gz", 1024, 2048, False, "0123456789abcdef" * 4)
    assert header.name == "news.en-000000001024-0123456789abcdef0123456789abcdef"


def test_names_that_differ_in_the_key_alone_cannot_be_made_equal() -> None:
    """128 bits: of n files the probability that any two are equal is at most n * n / 2 ** 129."""
    headers = [PartHeader("a.txt", 0, 1, True, f"{number:064x}"[::-1]) for number in (1, 2)]
    one, other = (header.name for header in headers)
    assert one != other
    assert len(one) == len("a-000000000000-") + 128 // 4


def test_adding_measures_leaves_the_header_as_it_was() -> None:
    header = PartHeader("a", 0, 1, True, "k", {"x": 1})
    assert header.measured(x=2, y=3).measures == {"x": 2, "y": 3}
    assert header.measures == {"x": 1}


def test_a_batch_of_documents_has_its_types_and_no_null_text() -> None:
    batch = documents.documents_batch(
        ids=["a", "b"],
        positions=[0, 4],
        text=["ä", None],
        reasons=[None, "empty"],
        details=[None, "blank"],
        fields={"k": [None, "v"]},
    )
    assert batch.schema.types == [
        *(pa.large_string(), pa.int64(), pa.large_binary(), pa.string(), pa.string()),
        pa.large_string(),
    ]
    assert batch.to_pydict() == {
        "id": ["a", "b"],
        "position": [0, 4],
        "text": ["ä".encode(), b""],
        "reason": [None, "empty"],
        "detail": [None, "blank"],
        "fields.k": [None, "v"],
    }


def test_only_a_plain_file_can_be_entered_in_the_middle() -> None:
    assert SOURCE.splittable
    assert not dataclasses.replace(SOURCE, compression="gzip").splittable
