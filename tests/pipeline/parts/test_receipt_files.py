"""Receipts are read from their files, whatever else is in the folder."""

from pathlib import Path

import pytest

from pipeline.parts import receipt_files
from pipeline.parts.receipt_store import load_receipts
from tests.pipeline.test_manifest import DONE, PLAIN, receipt
from transforms.receipts import Receipt


def store(folder: Path, receipts: list[Receipt]) -> list[str]:
    (folder / "receipts").mkdir()
    paths = [folder / "receipts" / f"{receipt.name}.json" for receipt in receipts]
    for path, one in zip(paths, receipts, strict=True):
        path.write_text(one.to_json())
    return [str(path) for path in paths]


def test_receipts_share_what_is_the_same_in_them(tmp_path: Path) -> None:
    """Of a million, names of counts alone would take a gigabyte."""
    store(tmp_path, DONE[:2])
    first, second = load_receipts(str(tmp_path))
    for one, other in ((first.counts, second.counts), (first.reasons, second.reasons)):
        assert all(a is b for a, b in zip(one, other, strict=True))
    assert first.worker is second.worker


def test_receipts_that_are_waited_for_come_in_order_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipt_files, "_AHEAD", 3)
    many = [receipt(PLAIN, start, start + 10, True) for start in range(0, 100, 10)]
    paths = store(tmp_path, many)
    Path(paths[4]).write_text("{")
    loaded = list(receipt_files._read_in_parallel(paths))
    assert loaded == [*many[:4], None, *many[5:]]


def test_a_receipt_that_is_gone_since_it_was_listed_is_passed_over(tmp_path: Path) -> None:
    first, second = store(tmp_path, DONE[:2])
    Path(first).unlink()
    assert list(map(receipt_files._read, [first, second])) == [None, DONE[1]]


def test_damaged_receipts_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "receipts"
    folder.mkdir()
    (folder / f"{DONE[0].name}.json").write_text(DONE[0].to_json())
    (folder / "misnamed.json").write_text(DONE[2].to_json())
    (folder / f"{DONE[3].name}.json.withdrawn").write_text(DONE[3].to_json())
    (folder / f"{DONE[1].name}.json").write_text(DONE[1].to_json()[:50])
    (folder / "other.json").write_text("[]")
    assert load_receipts(str(tmp_path)) == [DONE[0]]
