"""Segments are checked against the receipts of which they are copies."""

import json
import os
from pathlib import Path

import pytest

from pipeline import status
from pipeline.parts import receipt_store
from pipeline.parts.receipt_store import roll_up
from tests.pipeline.verify.damaging import check, first


@pytest.fixture
def rolled(out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished job with a segment of each two receipts."""
    monkeypatch.setattr(receipt_store, "ROWS", 2)
    roll_up(str(out))
    return out


def segments(folder: Path) -> set[str]:
    return {f"receipts/segments/{path.name}" for path in folder.glob("receipts/segments/*")}


def test_a_folder_with_segments_has_no_faults(rolled: Path) -> None:
    assert segments(rolled)
    verdict = check(rolled)
    assert verdict.faults == verdict.notes == ()


def test_a_damaged_segment_is_no_fault_because_nobody_reads_it(rolled: Path) -> None:
    first(rolled, "receipts/segments/*").write_bytes(b"")
    assert check(rolled).faults == ()


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_segment_that_differs_from_receipts_is_deleted(rolled: Path, is_readable: bool) -> None:
    before = segments(rolled)
    path = first(rolled, "receipts/*.json")
    text, times = path.read_text(), path.stat()
    worker = json.loads(text)["worker"]
    path.write_text(
        text.replace(worker, "x" * len(worker)) if is_readable else "{".ljust(len(text))
    )
    # As when a disk loses bytes: with another size or time, the row would not count.
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    verdict = check(rolled)
    (invalidated,) = (name for name in verdict.invalidated if "segments" in name)
    line = f"{invalidated}: differs from 1 of its receipts, the first is {path.stem}"
    assert line in verdict.faults
    assert before - segments(rolled) == {invalidated}
    if is_readable:
        assert verdict.remedy == "run the same embed again: it writes receipts/segments again"
        assert check(rolled).faults == ()
    else:
        # Now its part is known to be lost.
        assert status.measure(str(rolled)).complete is False
