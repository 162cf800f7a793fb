import dataclasses
import json
import re

import pytest
from hypothesis import given
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
    assert documents.fingerprint({"a": 1, "b": [2]}) == documents.fingerprint({"b": [2], "a": 1})
    assert documents.fingerprint([1, 2]) != documents.fingerprint([2, 1])


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
    line = json.loads(json.dumps(split.to_json()))
    assert Split.from_json(line) == split
    assert (line["source"], line["bytes"]) == ("a.txt", 10 if end is None else 5)


def test_headers_travel_with_their_batch_and_gather_measures() -> None:
    part = make_part(["a", "b"])
    header = documents.header_of(part).measured(read_seconds=0.5).measured(documents=2)
    again = documents.header_of(documents.with_header(part, header))
    assert again == header
    assert again.measures == {"read_seconds": 0.5, "documents": 2}
    assert isinstance(again, PartHeader)
    with pytest.raises(ValueError, match="carries no part header"):
        documents.header_of(part.replace_schema_metadata({}))
