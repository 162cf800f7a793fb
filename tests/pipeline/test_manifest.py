import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import manifest
from transforms.documents import Source, Split, part_key
from transforms.receipts import Receipt, WrittenFile

PLAIN = Source("a.txt", 30, "1", "text")
CHANGED = Source("a.txt", 20, "2", "text")
PACKED = Source("b.txt.gz", 9, "1", "text", "gzip")
SPLITS = [Split(PLAIN, 0, 10), Split(PLAIN, 10, 30), Split(PACKED, 0, None)]


def receipt(source: Source, start: int, end: int, last: bool, run: str = "run") -> Receipt:
    key = part_key(source, start, end, run)
    counts = {"documents": 3, "embedded": 2, "rejected": 1}
    files = (WrittenFile(f"pooled/{key}.tfrecord", 2, 100, "0" * 64),)
    return Receipt(
        *(source.path, start, end, last, key, key[:12], counts, {"empty": 1}, {}, files, "w", 1.0)
    )


DONE = [
    receipt(PACKED, 10, 20, True),
    receipt(PLAIN, 10, 30, True),
    receipt(PACKED, 0, 10, False),
    receipt(PLAIN, 0, 10, True),
]


def test_receipts_are_put_into_corpus_order() -> None:
    progress = manifest.measure_progress(SPLITS, DONE, "run")
    assert progress.complete
    assert [(part.source, part.start) for part in progress.parts] == [
        ("a.txt", 0),
        ("a.txt", 10),
        ("b.txt.gz", 0),
        ("b.txt.gz", 10),
    ]
    assert progress.counts() == {"documents": 12, "embedded": 8, "rejected": 4}
    assert progress.reasons() == {"empty": 4}


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_receipt_leaves_its_split_pending(missing: int) -> None:
    some = [part for number, part in enumerate(DONE) if number != missing]
    progress = manifest.measure_progress(SPLITS, some, "run")
    assert [split.source.path for split in progress.pending] == [DONE[missing].source]
    assert not progress.complete


def test_a_receipt_that_leads_nowhere_does_not_hang() -> None:
    stuck = receipt(PACKED, 0, 0, False)
    progress = manifest.measure_progress([SPLITS[2]], [stuck], "run")
    assert (progress.parts, len(progress.pending)) == ((), 1)


def test_receipts_of_another_run_do_not_count() -> None:
    others = [receipt(PLAIN, 0, 10, True, run="other"), *DONE[:3]]
    progress = manifest.measure_progress(SPLITS, others, "run")
    assert [(split.source.path, split.start) for split in progress.pending] == [("a.txt", 0)]


OF_CHANGED = [receipt(CHANGED, start, start + 10, True) for start in (0, 10)]


@given(st.permutations([*DONE, *OF_CHANGED]))
def test_receipts_of_other_versions_of_a_file_are_passed_over(receipts: list[Receipt]) -> None:
    changed = [Split(CHANGED, 0, 10), Split(CHANGED, 10, 20)]
    for splits, expected in ((SPLITS, DONE), (changed, OF_CHANGED)):
        progress = manifest.measure_progress(splits, receipts, "run")
        assert progress.complete
        assert {part.key for part in progress.parts} == {part.key for part in expected}
        assert len(progress.parts) == len(expected)


def test_a_manifest_tells_parts_sources_and_totals(tmp_path: Path) -> None:
    progress = manifest.measure_progress(SPLITS, DONE, "run")
    manifest.write_manifest(str(tmp_path), progress, "run")
    stored = manifest.load_manifest(str(tmp_path))
    assert stored == json.loads((tmp_path / "manifest.json").read_text())
    assert stored["counts"]["documents"] == 12
    assert stored["sources"]["b.txt.gz"]["embedded"] == 4
    assert [part["start"] for part in stored["parts"]] == [0, 10, 0, 10]
    assert stored["parts"][0]["files"][0]["records"] == 2


def test_a_manifest_is_written_as_json_writes_it_whole(tmp_path: Path) -> None:
    progress = manifest.measure_progress(SPLITS, DONE, "run")
    manifest.write_manifest(str(tmp_path), progress, "run")
    text = (tmp_path / "manifest.json").read_text()
    assert text == json.dumps(json.loads(text), indent=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"parts": []}', "is damaged: Object missing required field `format_version`"),
        ('{"format_version": 1, "parts": []}', "has format version 1, not 3: read it with"),
    ],
)
def test_a_manifest_that_is_none_of_ours_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=rf"manifest\.json {message}"):
        manifest.load_manifest(str(tmp_path))


def test_an_unfinished_job_has_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no manifest\.json: .*run the same embed again"):
        manifest.load_manifest(str(tmp_path))
