from itertools import pairwise

import pytest

from benchmarks import many_parts, million
from benchmarks.many_parts import make_receipt, make_splits, receipt_texts
from pipeline import manifest
from transforms.receipts import Receipt


@pytest.mark.parametrize("parts", [1, 100, 250])
def test_made_splits_are_like_those_of_a_plan(parts: int) -> None:
    splits = list(make_splits(parts))
    assert len(splits) == parts
    assert len({split.source for split in splits}) == -(-parts // 100)
    for before, after in pairwise(splits):
        same = before.source == after.source
        assert after.start == (before.end if same else 0)
        assert same or before.end == before.source.size
    assert all(split.is_one_part and 0 < split.bytes <= 3 << 20 for split in splits)


def test_made_receipts_are_like_those_of_a_job() -> None:
    splits = list(make_splits(120))
    receipts = [make_receipt(split, "run", number) for number, split in enumerate(splits)]
    assert [Receipt.from_json(receipt.to_json()) for receipt in receipts] == receipts
    assert manifest.measure_progress(splits, receipts[::-1], "run").complete
    half = manifest.measure_progress(splits, receipts[::2], "run")
    assert list(half.pending) == splits[1::2]
    assert 900 < len(receipts[0].to_json()) < 1300


def test_receipts_whose_counts_are_used_in_turn_are_those_of_their_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(many_parts, "_DRAWN", 7)
    splits = list(make_splits(130))
    texts = {made.name: made.text for made in receipt_texts(splits, "run")}
    receipts = [Receipt.from_json(text) for text in texts.values()]
    assert [receipt.name for receipt in receipts] == list(texts)
    assert all(receipt.name in file.path for receipt in receipts for file in receipt.files)
    assert list(manifest.measure_progress(splits, receipts, "run").parts) == receipts


def test_figures_are_written_as_a_table() -> None:
    rows = [("list", {"seconds": 61.23, "cpu": 9.0, "peak_mb": 1234.5}, {"names": 5000})]
    assert million.to_table(rows).splitlines()[2] == "| list | 61.2 | 9.0 | 1,234 | 5,000 names |"
