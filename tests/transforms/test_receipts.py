import dataclasses
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.receipts import MEMBER_COUNTS, Member, Receipt, WrittenFile, shares

RECEIPT = Receipt(
    source="a.txt",
    start=0,
    end=10,
    last=True,
    key="k" * 64,
    name="a-0",
    counts={"documents": 3, "embedded": 2, "rejected": 1},
    reasons={"empty": 1},
    seconds={"encode_seconds": 0.5},
    files=(WrittenFile("pooled/a-0.tfrecord", 2, 99, "0" * 64),),
    worker="host:1",
    finished=12.5,
)


def test_a_receipt_survives_its_file() -> None:
    assert Receipt.from_json(RECEIPT.to_json()) == RECEIPT


def test_the_main_counts_come_first_after_reading_as_in_the_manifest() -> None:
    counts = {"batches": 1, "documents": 3, "embedded": 2, "num_tokens": 7, "rejected": 1}
    stored = dataclasses.replace(RECEIPT, counts=counts).to_json()
    names = list(Receipt.from_json(stored).counts)
    assert names == ["documents", "embedded", "rejected", "batches", "num_tokens"]


def test_a_receipt_cut_short_anywhere_is_none() -> None:
    text = RECEIPT.to_json()
    for length in range(len(text)):
        with pytest.raises(ValueError):  # noqa: PT011  (JSON's own, or ours)
            Receipt.from_json(text[:length])


@pytest.mark.parametrize("text", ["[]", "{}", "1", '{"files": [{"x": 1}]}', '{"files": []}'])
def test_json_of_another_shape_is_no_receipt(text: str) -> None:
    with pytest.raises(ValueError, match="not a receipt"):
        Receipt.from_json(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": {"documents": 4, "embedded": 2, "rejected": 1}},
        {"reasons": {}},
        {"reasons": {"empty": 1, "not_utf8": 1}},
    ],
)
def test_an_open_account_is_refused(changes: dict) -> None:
    with pytest.raises(ValueError, match="the counts of part a-0 do not add up"):
        dataclasses.replace(RECEIPT, **changes)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(0, 2**53)
files = st.builds(WrittenFile, words, numbers, numbers, words)


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    reasons = draw(st.dictionaries(words, numbers, max_size=3))
    embedded, rejected = draw(numbers), sum(reasons.values())
    return Receipt(
        source=draw(words),
        start=draw(numbers),
        end=draw(numbers),
        last=draw(st.booleans()),
        key=draw(words),
        name=draw(words),
        counts={"documents": embedded + rejected, "embedded": embedded, "rejected": rejected},
        reasons=reasons,
        seconds=draw(st.dictionaries(words, st.floats(0, 1e6), max_size=3)),
        files=tuple(draw(st.lists(files, max_size=3))),
        worker=draw(words),
        finished=draw(st.floats(0, 1e10)),
    )


@settings(deadline=None, max_examples=80)
@given(receipts(), st.data())
def test_any_receipt_survives_whole_and_never_in_part(
    receipt: Receipt, data: st.DataObject
) -> None:
    text = receipt.to_json()
    assert Receipt.from_json(text) == receipt
    assert "\n" not in text
    with pytest.raises(ValueError, match=r"."):
        Receipt.from_json(text[: data.draw(st.integers(0, len(text) - 1))])


# Only a part of several files has members.
OPTIONAL = ("members", "machine", "documents_sha256")
FIELDS = [field.name for field in dataclasses.fields(Receipt) if field.name not in OPTIONAL]


@pytest.mark.parametrize("field", FIELDS)
def test_a_receipt_without_one_of_its_fields_is_none(field: str) -> None:
    value = json.loads(RECEIPT.to_json())
    del value[field]
    with pytest.raises(ValueError, match=f"not a receipt: .*{field}"):
        Receipt.from_json(json.dumps(value))


@pytest.mark.parametrize("count", ["documents", "embedded", "rejected"])
def test_a_receipt_without_one_of_its_main_counts_is_none(count: str) -> None:
    value = json.loads(RECEIPT.to_json())
    del value["counts"][count]
    with pytest.raises(ValueError, match=f"the counts of part a-0 lack '{count}'"):
        Receipt.from_json(json.dumps(value))


@pytest.mark.parametrize("wrong", [-1, 2**63, 1.5, True, "1", None, [], {}, float("nan")], ids=str)
@pytest.mark.parametrize("place", ["start", "end", "records", "bytes", "documents", "empty"])
def test_numbers_of_other_kinds_are_refused_by_name(place: str, wrong: object) -> None:
    value = json.loads(RECEIPT.to_json())
    for record in (value, value["files"][0], value["counts"], value["reasons"]):
        if place in record:
            record[place] = wrong
    # Of a value in `counts` or `reasons` msgspec names the object.
    path = rf"{place}|files\[0\]\.{place}|(counts|reasons)\[\.\.\.\]"
    with pytest.raises(ValueError, match=rf"not a receipt: .*(`\$\.({path})`|malformed)"):
        Receipt.from_json(json.dumps(value))


@pytest.mark.parametrize("wrong", [-1, 1e300, "1", None, [], {}, True], ids=str)
def test_times_of_other_kinds_are_refused_by_name(wrong: object) -> None:
    for place, path in (("finished", "finished"), ("encode_seconds", "seconds[...]")):
        value = json.loads(RECEIPT.to_json())
        record = value if place in value else value["seconds"]
        record[place] = wrong
        with pytest.raises(ValueError, match=re.escape(f"`$.{path}`")):
            Receipt.from_json(json.dumps(value))


@pytest.mark.parametrize(
    "change",
    [
        {"source": 1},
        {"key": None},
        {"name": ["a-0"]},
        {"worker": "\ud800"},
        {"last": 1},
        {"counts": []},
        {"reasons": "none"},
        {"seconds": 1},
        {"files": {}},
        {"files": [{"path": 7, "records": 1, "bytes": 1, "sha256": ""}]},
        {"files": [{"path": "", "records": 1, "bytes": 1, "sha256": "", "more": 1}]},
        {"files": [{"path": "", "records": 1, "bytes": 1}]},
        {"shares": {"rejected": "none"}},
        {"shares": []},
        {"more": 1},
    ],
    ids=str,
)
def test_fields_of_other_kinds_are_refused(change: dict) -> None:
    value = json.loads(RECEIPT.to_json()) | change
    with pytest.raises(ValueError, match=f"not a receipt: .*({next(iter(change))}|truncated)"):
        Receipt.from_json(json.dumps(value))


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"start": 1e400}', "NaN"])
def test_json_without_end_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Receipt.from_json(text)


def test_the_message_about_an_open_account_has_its_numbers() -> None:
    text = RECEIPT.to_json().replace('"embedded": 2', '"embedded": 1')
    with pytest.raises(ValueError, match=r"3 documents, 1 embedded, 1 rejected \({'empty': 1}\)"):
        Receipt.from_json(text)


def test_shares_stand_beside_the_counts() -> None:
    counts = {"documents": 8, "embedded": 6, "rejected": 2, "truncated": 3}
    counts |= {"num_wordpieces": 50, "num_unknown": 5}
    expected = {"rejected": 0.25, "truncated": 0.5, "unknown": 0.1}
    assert shares(counts) == expected
    receipt = dataclasses.replace(RECEIPT, counts=counts, reasons={"empty": 2})
    stored = json.loads(receipt.to_json())
    assert stored["shares"] == expected
    stored["shares"]["truncated"] += 0.25
    with pytest.raises(ValueError, match=r"the shares of part .* do not follow from its counts"):
        Receipt.from_json(json.dumps(stored))


def test_of_nothing_no_share_is_lost() -> None:
    assert set(shares({"documents": 0, "embedded": 0, "rejected": 0}).values()) == {0.0}


def test_a_share_is_not_rounded_away() -> None:
    assert shares({"documents": 10**9, "embedded": 10**9 - 1, "rejected": 1})["rejected"] == 1e-9


MEMBERS = (
    Member("a.txt", (2, 1, 1, 5, 3, 1, 0, 0), {"empty": 1}),
    Member("b.txt", (0, 0, 0, 0, 0, 0, 0, 0), {}),
    Member("c.txt", (1, 1, 0, 6, 4, 0, 1, 1), {}),
)
OF_SEVERAL = dataclasses.replace(
    RECEIPT,
    counts=dict(zip(MEMBER_COUNTS, (3, 2, 1, 11, 7, 1, 1, 1), strict=True), batches=1),
    members=MEMBERS,
)


def test_a_receipt_of_several_files_has_the_account_of_each() -> None:
    assert Receipt.from_json(OF_SEVERAL.to_json()) == OF_SEVERAL
    assert json.loads(OF_SEVERAL.to_json())["members"][1] == ["b.txt", [0] * 8, {}]
    by_file = OF_SEVERAL.by_file()
    assert list(by_file) == ["a.txt", "b.txt", "c.txt"]
    assert list(by_file["a.txt"]) == list(MEMBER_COUNTS)
    assert list(by_file["a.txt"].values()) == [2, 1, 1, 5, 3, 1, 0, 0]
    assert RECEIPT.by_file() == {"a.txt": RECEIPT.counts}
    assert OF_SEVERAL.places_of_rows([1, 0]) == (["c.txt", "a.txt"], [0, 0])
    assert RECEIPT.places_of_rows([1, 0]) == (["a.txt", "a.txt"], [1, 0])
    assert OF_SEVERAL.files_with("empty") == RECEIPT.files_with("empty") == ["a.txt"]
    assert OF_SEVERAL.files_with("not_utf8") == RECEIPT.files_with("not_utf8") == []


@pytest.mark.parametrize("column", range(len(MEMBER_COUNTS)))
def test_files_whose_counts_are_not_those_of_their_part_are_refused(column: int) -> None:
    value = json.loads(OF_SEVERAL.to_json())
    value["members"][1][1][column] += 1
    with pytest.raises(ValueError, match="the counts of part a-0 are not the sums of its files"):
        Receipt.from_json(json.dumps(value))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([["a.txt", [3, 2, 1, 11, 7, 1, 1, 1], {"not_utf8": 1}]], "are not the sums of its files"),
        ([["a.txt", [3, 2, 1, 11, 7, 1, 1], {"empty": 1}]], "a file of part a-0 lacks counts"),
        ([["a.txt", [3, 2, 1, 11, 7, 1, 1, 1, 0], {"empty": 1}]], "lacks counts"),
        ([["a.txt", [3, 2, 1, 11, 7, 1, 1, True], {"empty": 1}]], "not a receipt: .*"),
        ([["a.txt", [3, 2, 1, 11, 7, 1, 1, 1]]], "not a receipt: .*"),
        ([["a.txt", [3, 2, 1, 11, 7, 1, 1, 1], {"empty": 1}, 3]], "are not the sums of"),
        ([["a.txt", [3, 2, 1, 11, 7, 1, 1, 1], {"empty": 1}, True]], "not a receipt: .*"),
        ([{}], "not a receipt: .*"),
        ({}, "not a receipt: .*"),
    ],
    ids=str,
)
def test_files_of_another_shape_are_refused(members: object, message: str) -> None:
    value = json.loads(OF_SEVERAL.to_json()) | {"members": members}
    with pytest.raises(ValueError, match=message):
        Receipt.from_json(json.dumps(value))
