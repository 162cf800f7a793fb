"""Segments are copies of receipts: however many there are, all receipts are read once."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.output import invalidation
from pipeline.parts import receipt_columns, receipt_files, receipt_store, segment_files
from pipeline.parts.receipt_store import ReceiptStore, load_receipts, roll_up
from tests.pipeline.test_manifest import PLAIN, receipt
from transforms.io import storage
from transforms.receipts import Receipt

PARTS = sorted(
    (receipt(PLAIN, start, start + 10, True) for start in range(0, 110, 10)),
    key=lambda part: part.name,
)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_store, "ROWS", 3)


def write(folder: Path, *receipts: Receipt) -> None:
    (folder / "receipts").mkdir(exist_ok=True)
    for one in receipts:
        (folder / "receipts" / f"{one.name}.json").write_text(one.to_json())


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "receipts/segments").glob("*"))


def named_in(paths: list[Path]) -> list[str]:
    batches = map(segment_files.decode, (path.read_bytes() for path in paths))
    return sorted(part.name for batch in batches if batch for part in receipt_columns.decode(batch))


def test_a_small_job_has_no_segment(tmp_path: Path) -> None:
    write(tmp_path, *PARTS[:2])
    assert roll_up(str(tmp_path)) == PARTS[:2]
    assert [path.name for path in tmp_path.rglob("*.arrow")] == []
    assert roll_up(str(tmp_path / "nothing")) == []


@pytest.mark.parametrize("first", range(12))
def test_receipts_in_segments_and_others_are_read_together(
    tmp_path: Path, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, *PARTS[:first])
    assert roll_up(str(tmp_path)) == PARTS[:first]
    assert len(segments(tmp_path)) == first // 3
    write(tmp_path, *PARTS)
    assert load_receipts(str(tmp_path)) == PARTS
    assert roll_up(str(tmp_path)) == PARTS
    assert len(segments(tmp_path)) == first // 3 + (11 - first // 3 * 3) // 3
    # What a segment has is read from it.
    monkeypatch.setattr(receipt_files, "_read", lambda _: None)
    assert [part.name for part in load_receipts(str(tmp_path))] == named_in(segments(tmp_path))


@pytest.mark.parametrize("damage", ["", "{", "same size"])
def test_a_receipt_that_is_damaged_later_does_not_count(tmp_path: Path, damage: str) -> None:
    write(tmp_path, *PARTS)
    roll_up(str(tmp_path))
    path = tmp_path / f"receipts/{PARTS[4].name}.json"
    path.write_text(damage if damage != "same size" else "x" * path.stat().st_size)
    rest = [part for part in PARTS if part is not PARTS[4]]
    assert load_receipts(str(tmp_path)) == rest
    assert roll_up(str(tmp_path)) == rest
    assert PARTS[4].name not in named_in(segments(tmp_path))


def test_a_receipt_that_is_written_again_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, *PARTS)
    store = ReceiptStore(str(tmp_path))
    store.read()
    store.write_segments()
    again = dataclasses.replace(PARTS[4], worker="another", finished=9.0)
    write(tmp_path, again)
    expected = [again if part is PARTS[4] else part for part in PARTS]
    assert store.read() == [again]
    assert store.table == expected
    assert load_receipts(str(tmp_path)) == expected
    assert roll_up(str(tmp_path)) == expected
    batches = map(segment_files.decode, (path.read_bytes() for path in segments(tmp_path)))
    copies = [part for batch in batches if batch for part in receipt_columns.decode(batch)]
    assert len(copies) == 9
    assert PARTS[4] not in copies


def test_a_segment_that_cannot_be_read_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, *PARTS)
    roll_up(str(tmp_path))
    read = storage.read_whole

    def fail(path: str) -> bytes:
        if path.endswith(".arrow"):
            raise PermissionError(13, "Permission denied", path)
        return read(path)

    monkeypatch.setattr(storage, "read_whole", fail)
    assert load_receipts(str(tmp_path)) == PARTS
    with pytest.raises(PermissionError):
        receipt_store.drop_segments_of(str(tmp_path), {PARTS[0].name})


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def of_another_release(path: Path) -> None:
    """Replace a segment by one with a right name and other columns."""
    batch = segment_files.decode(path.read_bytes())
    assert batch is not None
    other = batch.select(batch.schema.names[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_files, "SCHEMA", other.schema)
        content = segment_files.encode(other)
    path.unlink()
    (path.parents[2] / segment_files.path_of(content)).write_bytes(content)


def nameless(path: Path) -> None:
    """Replace a segment by one with a right name, and without the names of its counts."""
    batch = segment_files.decode(path.read_bytes())
    assert batch is not None
    place = batch.schema.get_field_index("counts_names")
    texts = ["[]"] * batch.num_rows
    column = receipt_columns._shared(texts)
    content = segment_files.encode(batch.set_column(place, batch.schema.field(place), column))
    path.unlink()
    (path.parents[2] / segment_files.path_of(content)).write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, change, empty, of_another_release, nameless])
def test_a_damaged_segment_is_no_segment(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    write(tmp_path, *PARTS)
    roll_up(str(tmp_path))
    whole = segments(tmp_path)
    damage(whole[1])
    assert load_receipts(str(tmp_path)) == PARTS
    assert roll_up(str(tmp_path)) == PARTS
    assert len(named_in(segments(tmp_path))) == len(PARTS) // 3 * 3
    assert len(segments(tmp_path)) == 3


def test_a_receipt_that_is_gone_does_not_count_and_neither_does_its_segment(
    tmp_path: Path,
) -> None:
    write(tmp_path, *PARTS)
    roll_up(str(tmp_path))
    rest = [part for part in PARTS if part is not PARTS[4]]
    (tmp_path / f"receipts/{PARTS[4].name}.json").unlink()
    assert load_receipts(str(tmp_path)) == rest
    assert roll_up(str(tmp_path)) == rest
    assert PARTS[4].name not in named_in(segments(tmp_path))
    # Computed again under the same name.
    again = dataclasses.replace(PARTS[4], worker="another", finished=9.0)
    write(tmp_path, again)
    assert again in list(load_receipts(str(tmp_path)))
    assert roll_up(str(tmp_path)) == load_receipts(str(tmp_path))
    assert PARTS[4] not in list(load_receipts(str(tmp_path)))


def test_a_part_that_is_invalidated_is_in_no_segment(tmp_path: Path) -> None:
    kept = [part for part in PARTS if part is not PARTS[2]]
    for part in kept:
        for file in part.files:
            storage.write_bytes(str(tmp_path), file.path, bytes(file.bytes))
    write(tmp_path, *(dataclasses.replace(part, finished=9e9) for part in PARTS))
    parts = roll_up(str(tmp_path))
    lines = invalidation.invalidate_damaged(str(tmp_path), parts)
    assert lines == [f"{PARTS[2].files[0].path} is missing"]
    assert PARTS[2].name not in named_in(segments(tmp_path))
    assert [part.name for part in load_receipts(str(tmp_path))] == [part.name for part in kept]
    assert (tmp_path / f"receipts/{PARTS[2].name}.json.withdrawn").exists()


class Killed(BaseException):
    """The end of a process."""


def killed_at(calls: Iterator[int], patch: pytest.MonkeyPatch) -> None:
    """End at one of the writes and deletions in a folder: before it, or after it."""
    for name in ("write_bytes", "delete_file", "rename"):
        action = getattr(storage, name)

        def act(*arguments: object, _action: Callable[..., object] = action) -> None:
            if next(calls) == 0:
                raise Killed
            _action(*arguments)
            if next(calls) == 0:
                raise Killed

        patch.setattr(storage, name, act)


@pytest.mark.parametrize("kill", range(16))
def test_a_kill_at_any_write_leaves_all_receipts(tmp_path: Path, kill: int) -> None:
    write(tmp_path, *PARTS)
    roll_up(str(tmp_path))
    change(segments(tmp_path)[0])
    (tmp_path / f"receipts/{PARTS[0].name}.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        killed_at(iter(range(kill, -99, -1)), patch)
        try:
            roll_up(str(tmp_path))
            invalidation.invalidate_damaged(str(tmp_path), [PARTS[5]])
        except Killed:
            pass
    left = {path.name.removesuffix(".json") for path in tmp_path.glob("receipts/*.json")}
    assert {PARTS[0].name} == {part.name for part in PARTS} - left - {PARTS[5].name}
    expected = [part for part in PARTS if part.name in left]
    assert load_receipts(str(tmp_path)) == expected
    assert roll_up(str(tmp_path)) == expected
    assert len(named_in(segments(tmp_path))) == len(expected) // 3 * 3
    if PARTS[5].name not in left:
        assert PARTS[5].name not in named_in(segments(tmp_path))


def test_the_watcher_of_a_job_writes_segments_as_it_goes(tmp_path: Path) -> None:
    store = ReceiptStore(str(tmp_path))
    seen: list[Receipt] = []
    for part in PARTS:
        write(tmp_path, part)
        seen += store.read()
        store.write_segments()
        assert len(segments(tmp_path)) == len(seen) // 3
        assert store.table == seen
    assert seen == PARTS
    assert load_receipts(str(tmp_path)) == PARTS


def test_a_folder_that_cannot_be_written_keeps_its_receipts_without_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path, *PARTS)
    monkeypatch.setattr(storage, "write_bytes", fail)
    assert roll_up(str(tmp_path)) == PARTS


def test_segments_outside_of_the_folder_are_not_read(tmp_path: Path) -> None:
    job, other = tmp_path / "job", tmp_path / "other"
    for folder in (job, other):
        folder.mkdir()
        write(folder, *PARTS)
    roll_up(str(other))
    (job / "receipts/segments").symlink_to(other / "receipts/segments")
    for path in (job / "receipts").glob("*.json"):
        path.write_text("")
    assert load_receipts(str(job)) == []
