"""`changes/` lists what came, changed and went between two generations, whatever file has it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.changes import generation_changes
from pipeline.changes.changes_file import read_changes
from pipeline.options.embed_config import InputConfig
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline import corpus
from tests.pipeline.updates.growing import GrowingCorpus, history_of, text_of
from transforms.batching.batches import BatchingConfig
from transforms.sources.base import ReadConfig

Changes = list[tuple[str, str]]


def lines_of(documents: dict[str, str | None]) -> str:
    return "".join(
        json.dumps({"id": id_, "k": f"of {id_}"} | ({"text": text} if text else {})) + "\n"
        for id_, text in documents.items()
    )


def named(first: int, count: int = 12) -> dict[str, str | None]:
    return {f"d{number}": corpus.sentence(number) for number in range(first, first + count)}


def changes_in(output: Path, generation: int) -> Changes:
    return [(one.change, one.id) for one in read_changes(str(output), generation)]


class GrowingRecords(GrowingCorpus):
    """Files of JSON Lines, whose documents have ids."""

    def embed(self, output: Path | None = None, **settings: Any) -> Any:
        read = ReadConfig(part_bytes=1024, id_field="id", keep_fields=("k",))
        source = InputConfig((str(self.folder),), "auto", read)
        # Batches of one document: else its last bits depend on the others.
        chosen = {"input": source, "batching": BatchingConfig(2)}
        return super().embed(output, **(chosen | settings))


@pytest.fixture
def records(tmp_path: Path, tiny_path: Path) -> GrowingRecords:
    made = GrowingRecords(tmp_path, tiny_path)
    for number, name in enumerate(("a.jsonl", "b.jsonl", "c.jsonl")):
        made.write(name, lines_of(named(20 * number)))
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [{}, {"output_format": "parquet", "features": ("mean", "sequence_output")}],
    ids=["tfrecord", "parquet"],
)
def test_each_change_is_listed_once(records: GrowingRecords, settings: dict) -> None:
    records.embed(**settings)
    # d0 moves to another file, d1 changes, d2 is rejected now, d3 is gone; d50 is new.
    first, second = named(0), named(20)
    second = {"d0": first.pop("d0")} | second | {"d50": "the dogs sat"}
    first |= {"d1": "unable dogs", "d2": None}
    del first["d3"]
    records.write("a.jsonl", lines_of(first))
    records.write("b.jsonl", lines_of(second))
    summary = records.update(**settings)
    found = changes_in(records.output, 2)
    assert found == [
        ("changed", "d1"),
        ("added", "d50"),
        ("removed", "d2"),
        ("removed", "d3"),
    ]
    counts = history_of(records.output)["changes"]
    assert counts == msgspec.to_builtins(summary.history.changes)
    assert counts == {"added": 1, "changed": 1, "removed": 2, "sha256": counts["sha256"]}
    assert verify(VerifyConfig(str(records.output))).faults == ()


def test_lines_name_the_part_and_the_row(records: GrowingRecords) -> None:
    records.embed()
    first = named(0)
    records.write("a.jsonl", lines_of(first | {"d7": "a mat"}))
    records.remove("c.jsonl")
    records.update()
    changes = list(read_changes(str(records.output), 2))
    assert len(changes) == 13
    for change in changes:
        path = next(records.output.glob(f"pooled/{change.part}.*"))
        assert path.name.startswith("c-" if change.change == "removed" else "a-")
    assert (changes[0].id, changes[0].row) == ("d7", 7)
    assert [change.row for change in changes[1:]] == list(range(12))
    line = (records.output / "changes/000002.jsonl").read_text().splitlines()[0]
    assert json.loads(line) == {
        "change": "changed",
        "id": "d7",
        "part": changes[0].part,
        "row": 7,
    }


def test_a_file_with_another_name_changes_nothing(records: GrowingRecords) -> None:
    records.embed()
    records.write("a2.jsonl", (records.folder / "a.jsonl").read_text())
    records.remove("a.jsonl")
    records.update()
    assert changes_in(records.output, 2) == []
    assert (records.output / "changes/000002.jsonl").read_bytes() == b""


def test_ids_without_a_field_have_the_path(tmp_path: Path, tiny_path: Path) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    growing.write("b.txt", text_of(0))
    growing.embed()
    growing.append("b.txt", text_of(90, 2))
    growing.update()
    kinds = [kind for kind, _ in changes_in(growing.output, 2)]
    assert kinds == ["added", "added"]


@pytest.mark.slow
def test_a_damaged_file_is_written_again(records: GrowingRecords) -> None:
    records.embed()
    records.remove("c.jsonl")
    records.update()
    path, manifest = records.output / "changes/000002.jsonl", records.output / "manifest.json"
    before = path.read_bytes(), manifest.read_bytes()
    for damage in (b"", before[0][:-1], before[0].replace(b"removed", b"changed")):
        path.write_bytes(damage)
        (fault,) = verify(VerifyConfig(str(records.output))).faults
        assert fault.startswith("changes/000002.jsonl: has another sha256")
        assert records.embed().nothing_left
        assert (path.read_bytes(), manifest.read_bytes()) == before
    path.unlink()
    (fault,) = verify(VerifyConfig(str(records.output))).faults
    assert fault.startswith("changes/000002.jsonl: is missing")
    manifest.unlink()
    assert records.update().nothing_left
    assert (path.read_bytes(), manifest.read_bytes()) == before


def test_changes_are_written_before_the_manifest(
    records: GrowingRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.embed()
    records.remove("c.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.manifest.write_manifest", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            records.update()
    assert "history" not in json.loads((records.output / "manifest.json").read_text())
    before = (records.output / "changes/000002.jsonl").read_bytes()
    records.update()
    assert (records.output / "changes/000002.jsonl").read_bytes() == before
    assert history_of(records.output)["changes"]["removed"] == 12


def test_a_damaged_parent_costs_the_changes_only(
    records: GrowingRecords, capfd: pytest.CaptureFixture[str]
) -> None:
    records.embed()
    next(records.output.glob("pooled/c-*")).unlink()
    records.remove("c.jsonl")
    records.update()
    assert "changes/000002.jsonl is not written: " in capfd.readouterr().err
    assert "changes" not in history_of(records.output)
    assert verify(VerifyConfig(str(records.output))).faults == ()


def test_the_first_generation_has_no_changes(records: GrowingRecords) -> None:
    records.embed()
    assert generation_changes.complete_history(str(records.output), None, []) is None
    assert not (records.output / "changes").exists()
