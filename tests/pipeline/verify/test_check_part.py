import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.verify.damaging import check, edit_json, first, fix_up, rewrite, values
from transforms.io import storage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def cut_and_fix_up(path: Path) -> None:
    cut(path)
    fix_up(path.parents[1], path)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def another_reason(path: Path) -> None:
    path.write_text(path.read_text().replace('"empty"', '"not_utf8"'))
    fix_up(path.parents[1], path)


@pytest.mark.parametrize(
    ("pattern", "damage", "message"),
    [
        ("sequence/*.tfrecord", cut, r"has [\d,]+ bytes, its receipt has [\d,]+"),
        ("sequence/*.tfrecord", cut_and_fix_up, "cut short or damaged: bad data checksum"),
        ("rejected/*.jsonl", os.unlink, "the file is missing"),
        ("pooled/*.tfrecord", make_folder, "the file is missing"),
        ("rejected/lines*.jsonl", another_reason, "its lines have the reasons .*not_utf8"),
    ],
)
def test_damaged_files_invalidate_their_part(
    pattern: str, damage: Callable[[Path], None], message: str, out: Path
) -> None:
    path = first(out, pattern)
    damage(path)
    verdict = check(out)
    (fault,) = verdict.faults
    assert fault.startswith(f"{path.relative_to(out)}: ")
    assert re.search(message, fault), fault
    assert verdict.invalidated == ("manifest.json", f"receipts/{path.stem}.json")


def test_records_that_contradict_their_receipt_or_each_other_invalidate_their_part(
    out: Path,
) -> None:
    paths = sorted((out / "sequence").glob("lines*.tfrecord"))
    rewrite(out, paths[0], list.reverse)
    rewrite(out, paths[1], lambda records: values(records[2], "num_unknown").__setitem__(0, 99))
    rewrite(out, paths[2], list.pop)
    rewrite(out, paths[3], lambda records: records[1].features.feature.pop("id"))
    names = [f"sequence/{path.name}: " for path in paths]
    verdict = check(out)
    assert verdict.faults[0] == (
        f"sequence/{paths[0].stem}: record 0 belongs to another document than record 0 in pooled/"
    )
    assert verdict.faults[1].startswith(f"{names[1]}its num_unknown are ")
    assert verdict.faults[2].startswith(f"{names[2]}its records are ")
    assert verdict.faults[3:] == (f"{names[3]}a record has 0 values of id, not 1",)
    assert len(verdict.invalidated) == 5


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "pooled/a\0b", "link/x"])
def test_paths_that_point_outside_are_never_opened(
    path: str, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/x").write_text("mine")
    (out / "link").symlink_to(tmp_path / "secret")
    receipt = first(out, "receipts/*.json")
    edit_json(receipt, lambda fields: fields["files"][0].update(path=path))
    opened = []

    def watch(path: str) -> Any:
        opened.append(path)
        return open(path, "rb")

    monkeypatch.setattr(storage, "open_for_reading", watch)
    verdict = check(out)
    assert f"receipts/{receipt.name}: lists a file outside this folder: " in str(verdict.faults)
    assert "points outside the folder" in verdict.faults[0]
    assert verdict.invalidated[-1] == f"receipts/{receipt.name}"
    folders = {Path(path).relative_to(out).parts[0] for path in opened if Path(path).parent != out}
    transform = {"transform_fn", "transformed_metadata"}
    assert folders == {"receipts", "pooled", "sequence", "rejected", *transform}
    assert (tmp_path / "secret/x").read_text() == "mine"


def test_a_link_out_of_the_folder_is_not_followed(out: Path, tmp_path: Path) -> None:
    path = first(out, "pooled/*.tfrecord")
    shutil.move(path, tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    (fault,) = check(out).faults
    assert "points outside the folder" in fault


def test_unreadable_files_are_faults_and_stay(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = storage.open_for_reading

    def failing(path: str) -> Any:
        if "pooled/rows" in path:
            raise OSError(5, "Input/output error")
        return real(path)

    monkeypatch.setattr(storage, "open_for_reading", failing)
    verdict = check(out)
    assert {fault.split(": ", 1)[1] for fault in verdict.faults} == {
        "cannot be read: Input/output error"
    }
    assert verdict.invalidated == ()
