"""`clean` deletes what only old generations name, and nothing that it does not know."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import cli, reader
from pipeline.updates import cleaning
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline.updates.growing import GrowingCorpus, content_of, text_of
from transforms.io import storage


@pytest.fixture
def updated(growing: GrowingCorpus) -> GrowingCorpus:
    """A folder with four generations."""
    growing.remove("a.txt")
    growing.update()
    growing.append("b.txt", text_of(90))
    growing.update()
    growing.write("d.txt", text_of(50))
    growing.update()
    return growing


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_newest_generations_stay(
    updated: GrowingCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(updated.output)
    before, current = files_in(updated.output), content_of(updated.output)
    third = reader.load_embeddings(output, generation=3)
    assert cli.main(["clean", output, "--dry_run"]) == 0
    assert files_in(updated.output) == before
    printed = capsys.readouterr().out
    assert printed.splitlines()[:2] == [
        "kept        generations 3, 4, and the parts of the plan",
        "to delete   2 parts, 2 files of 0.0 MB, 2 manifests",
    ]
    assert cli.main(["clean", output]) == 0
    deleted = before - files_in(updated.output)
    assert sorted(deleted) == sorted(line.strip() for line in printed.splitlines()[2:])
    assert {name.partition("-")[0] for name in deleted if "-" in name} == {
        *("pooled/a", "pooled/b", "receipts/a", "receipts/b")
    }
    assert content_of(updated.output) == current
    assert reader.load_embeddings(output, generation=3).ids == third.ids
    with pytest.raises(ValueError, match="has no generation 2; it has 3, 4"):
        reader.load_embeddings(output, generation=2)
    for generation in (3, 4):
        assert verify(VerifyConfig(output, generation=generation)).faults == ()
    assert cleaning.clean(output, 2).paths == ()


@pytest.mark.slow
def test_with_one_generation_the_folder_is_as_from_nothing(updated: GrowingCorpus) -> None:
    cleaning.clean(str(updated.output), 1)
    updated.assert_as_from_nothing()
    fresh = files_in(updated.output.with_name("fresh"))
    others = {"report.html", "changes/000004.jsonl"}
    assert files_in(updated.output) - others == fresh - others
    assert verify(VerifyConfig(str(updated.output))).faults == ()
    # Its history is only in the manifest now.
    assert updated.update().nothing_left
    updated.write("e.txt", text_of(10))
    assert updated.update().generation == 5


@pytest.mark.slow
def test_files_of_others_stay(updated: GrowingCorpus) -> None:
    others = [
        *("pooled/notes.txt", "pooled/a-000000000000.tfrecord", "receipts/notes.json"),
        f"pooled/other-000000000000-{'0' * 32}.tfrecord",
        *("manifests/notes.json", "mine/a.txt", "tmp"),
    ]
    for name in others:
        path = updated.output / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    cleaning.clean(str(updated.output), 1)
    assert all((updated.output / name).read_text() == "mine" for name in others)


@pytest.mark.slow
def test_what_a_killed_part_left_is_deleted(updated: GrowingCorpus) -> None:
    stray = updated.output / f"pooled/a-000000000000-{'0' * 32}.tfrecord"
    stray.write_bytes(b"half")
    cleaning.clean(str(updated.output), 4)
    assert not stray.exists()
    assert verify(VerifyConfig(str(updated.output))).faults == ()


@pytest.mark.slow
def test_parts_of_an_unfinished_plan_stay_and_those_of_a_replaced_one_go(
    growing: GrowingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(growing.output)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.job._finish", lambda *_: pytest.fail("killed"))
        for name in ("d.txt", "e.txt"):
            growing.write(name, text_of(50))
            with pytest.raises(pytest.fail.Exception):
                growing.update()
            growing.append(name, text_of(60, 1))
        with pytest.raises(pytest.fail.Exception):
            growing.update()
    assert len(list(growing.output.glob("receipts/*"))) == 7
    assert verify(VerifyConfig(output)).faults == ()
    cleaning.clean(output, 1)
    # Those of c.txt and others, and of both new files as they are now.
    assert len(list(growing.output.glob("receipts/*"))) == 5
    assert reader.load_embeddings(output).ids
    assert growing.embed().parts_before == 5
    growing.assert_as_from_nothing()


@pytest.mark.slow
def test_a_cleaning_that_is_killed_anywhere_goes_on(
    updated: GrowingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(updated.output)
    number = len(cleaning.plan_cleaning(output, 1).paths)
    delete: Callable = storage.delete
    monkeypatch.setattr(cleaning, "_AT_ONCE", 1)

    def delete_one(paths: list[str]) -> None:
        delete(paths)
        raise KeyboardInterrupt

    for left in range(number, 0, -1):
        with monkeypatch.context() as patch:
            patch.setattr(storage, "delete", delete_one)
            with pytest.raises(KeyboardInterrupt):
                cleaning.clean(output, 1)
        assert len(cleaning.plan_cleaning(output, 1).paths) == left - 1
        assert verify(VerifyConfig(output)).faults == ()
    updated.assert_as_from_nothing()


def test_wrong_usage(growing: GrowingCorpus, tmp_path: Path) -> None:
    assert cli.main(["clean", str(growing.output), "--keep", "0"]) == 2
    assert cli.main(["clean", str(tmp_path)]) == 2
    (growing.output / "manifest.json").write_bytes(b"{")
    assert cli.main(["clean", str(growing.output)]) == 2
