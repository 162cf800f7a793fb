import dataclasses

import pytest

from transforms.receipts import Receipt, WrittenFile

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
    with pytest.raises(ValueError, match="the account of part a-0 does not close"):
        dataclasses.replace(RECEIPT, **changes)
